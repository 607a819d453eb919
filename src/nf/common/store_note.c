#include "nf/common/store_note.h"

#include <stdio.h>
#include <time.h>

void store_note_time(const struct store_origin *o, char out[static STORE_NOTE_TIME])
{
    const time_t at = (time_t)o->backup_at;
    struct tm tm;
    if (gmtime_r(&at, &tm) == NULL ||
        strftime(out, STORE_NOTE_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
        (void)snprintf(out, STORE_NOTE_TIME, "?");
    }
}

void store_note_restored(struct log *log, const struct store_origin *o)
{
    char made[STORE_NOTE_TIME];
    if (!o->restored) {
        return;
    }
    store_note_time(o, made);
    const struct log_field fields[] = {
        LOG_FIELD_STR("backup", o->backup), LOG_FIELD_STR("made", made),
        LOG_FIELD_STR("sha256", o->sha256), LOG_FIELD_BOOL("loss", o->loss)};
    log_line(log, LOG_LEVEL_WARNING, "store-restored", fields, sizeof fields / sizeof *fields);
}
