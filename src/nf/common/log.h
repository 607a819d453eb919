/* nf/common/log.h - log lines as JSON, one object a line, one write(2) a line.
 *
 * {"time":"2026-01-31T12:00:00.123Z","level":"info","program":"bindery-hssd","event":"registered",
 *  "imsi":"...","peer":"..."}. A line is formatted on the caller's stack without any lock held.
 * Fields are typed: spans, identifiers and numbers, never a key type, so a secret cannot be logged
 * by accident. IMSIs are masked where the configuration says so. Octets that are not printable
 * UTF-8 are escaped; a line that gets too long loses its last fields and says "truncated":true.
 * Where systemd's journal reads, "<4>" and the like stands before a line, which the journal takes
 * away and has as the line's priority.
 *
 * A flood of the same refusal must not fill a disk: log_limited lets a burst of each event through
 * and then one line a second, which carries "suppressed":N for those left out. The clocks are
 * handed in. Any thread may use a struct log; only the limiter has a lock, held for a few
 * instructions.
 */
#ifndef BINDERY_NF_COMMON_LOG_H
#define BINDERY_NF_COMMON_LOG_H

#include "id/imei.h"
#include "id/imsi.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
const char *log_level_name(enum log_level level); /* "debug", "info", "warning", "error" */
MUST_USE enum err log_level_parse(struct bytes ascii, enum log_level *out);

enum log_kind { LOG_STR, LOG_BYTES, LOG_INT, LOG_UINT, LOG_BOOL, LOG_IMSI, LOG_IMEI };
struct log_field {
    const char *key;
    enum log_kind kind;
    union {
        const char *str; /* NULL: the field is left out */
        struct bytes bytes;
        int64_t i;
        uint64_t u;
        bool b;
        const struct imsi *imsi; /* NULL: left out */
        const struct imei *imei; /* NULL: left out */
    } v;
};
#define LOG_FIELD_STR(name, value)   ((struct log_field){(name), LOG_STR, {.str = (value)}})
#define LOG_FIELD_BYTES(name, value) ((struct log_field){(name), LOG_BYTES, {.bytes = (value)}})
#define LOG_FIELD_INT(name, value)   ((struct log_field){(name), LOG_INT, {.i = (value)}})
#define LOG_FIELD_UINT(name, value)  ((struct log_field){(name), LOG_UINT, {.u = (value)}})
#define LOG_FIELD_BOOL(name, value)  ((struct log_field){(name), LOG_BOOL, {.b = (value)}})
#define LOG_FIELD_IMSI(value)        ((struct log_field){"imsi", LOG_IMSI, {.imsi = (value)}})
#define LOG_FIELD_IMEI(value)        ((struct log_field){"imei", LOG_IMEI, {.imei = (value)}})

#define LOG_LINE_MAX 2048

struct log_options {
    const char *program; /* kept by reference */
    int fd;              /* usually 2 */
    enum log_level level;
    bool mask_imsi;
    /* Unix milliseconds for "time", and a clock that never goes back for the limiter. */
    int64_t (*wall_ms)(void *ctx);
    uint64_t (*monotonic_ms)(void *ctx);
    void *ctx;
};
struct log;
/* NULL clocks: the system's. Errors: E_MEMORY. */
MUST_USE enum err log_open(const struct log_options *options, struct log **out);
void log_close(struct log *log);
/* From the next line on, of any thread. Harmless on NULL. */
void log_set(struct log *log, enum log_level level, bool mask_imsi);

/* `event` is a fixed name in the code ("registered"), never text from outside. Harmless when log is
 * NULL or the level is below the configured one. Failures to write are ignored: a full disk must
 * not stop the service. */
void log_line(struct log *log, enum log_level level, const char *event,
              const struct log_field *fields, size_t n);
/* The same for what an outsider can cause at will: at most LOG_BURST lines of one event at once,
 * and one more each second. */
#define LOG_BURST 20
void log_limited(struct log *log, enum log_level level, const char *event,
                 const struct log_field *fields, size_t n);
/* The same where one event has causes that an outsider can bring about separately: `by`, a fixed
 * name in the code as well, is what is counted instead of the event. */
void log_limited_by(struct log *log, const char *by, enum log_level level, const char *event,
                    const struct log_field *fields, size_t n);
/* Formats the line with its newline into out; what the two above write. For tests and for the
 * start-up errors of programs. Returns the octets written. */
size_t log_format(const struct log *log, enum log_level level, const char *event,
                  const struct log_field *fields, size_t n, uint64_t suppressed, struct mbytes out);

#endif
