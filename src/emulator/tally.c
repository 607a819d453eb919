#include "emulator/tally.h"

#include "codec/nas_codes.h"
#include <stdio.h>
#include <string.h>

void tally_fail(struct tally *t, const char *text)
{
    t->failed++;
    for (size_t i = 0; i < TALLY_CAUSES; i++) {
        struct tally_cause *c = &t->cause[i];
        if (c->n == 0) {
            (void)snprintf(c->text, sizeof c->text, "%s",
                           i + 1 < TALLY_CAUSES ? text : "for other reasons");
        }
        if (i + 1 == TALLY_CAUSES || strcmp(c->text, text) == 0) {
            c->n++;
            return;
        }
    }
}

void tally_reject_text(const struct bindery_ue_event *e, char out[static TALLY_TEXT])
{
    const char *message = nas_message_type_name(e->message);
    const bool esm = e->cause == EMM_CAUSE_ESM_FAILURE && e->esm_cause != 0;
    const char *name = esm ? esm_cause_name(e->esm_cause) : emm_cause_name(e->cause);
    char cause[TALLY_TEXT / 2] = "";
    if (e->cause != 0) {
        (void)snprintf(cause, sizeof cause, " %s#%u (%.36s)", esm ? "ESM " : "",
                       (unsigned)(esm ? e->esm_cause : e->cause), name != NULL ? name : "no name");
    }
    (void)snprintf(out, TALLY_TEXT, "%s%s%s", message != NULL ? message : "reject", cause,
                   e->secured ? "" : ", not protected");
}
