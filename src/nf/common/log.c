#include "nf/common/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLOTS      128  /* event names that are limited; more share the last slot */
#define ENDING_MAX 24   /* ,"truncated":true} and newline */
#define REFILL_MS  1000 /* a token comes back each */

struct slot {
    const char *event;
    unsigned tokens;
    uint64_t refilled_ms;
    uint64_t suppressed;
};
struct log {
    struct log_options options;
    bool to_journal;
    _Atomic unsigned
        level; /* an enum log_level; this and the next may change while lines are made */
    atomic_bool mask_imsi;
    pthread_mutex_t lock; /* of the slots; never held while a line is formatted or written */
    struct slot slots[SLOTS];
};

static const char *const levels[] = {"debug", "info", "warning", "error"};
static const char *const priorities[] = {"<7>", "<6>", "<4>", "<3>"}; /* of syslog(3) */
#define PRIORITY_LEN 3

const char *log_level_name(enum log_level level)
{
    return levels[level];
}

enum err log_level_parse(struct bytes ascii, enum log_level *out)
{
    for (unsigned i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (bytes_eq(ascii, bytes_of_str(levels[i]))) {
            *out = (enum log_level)i;
            return E_OK;
        }
    }
    return E_BAD_VALUE;
}

static int64_t wall_of_system(void *ctx)
{
    struct timespec t;
    (void)ctx;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint64_t monotonic_of_system(void *ctx)
{
    struct timespec t;
    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* systemd says in JOURNAL_STREAM which file its journal reads; ours may have been redirected. */
static bool is_journal(int fd)
{
    struct stat st;
    char text[48];
    const char *stream = getenv("JOURNAL_STREAM");
    if (stream == NULL || fstat(fd, &st) != 0) {
        return false;
    }
    snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(stream, text) == 0;
}

enum err log_open(const struct log_options *options, struct log **out)
{
    struct log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return E_MEMORY;
    }
    log->options = *options;
    if (log->options.wall_ms == NULL) {
        log->options.wall_ms = wall_of_system;
    }
    if (log->options.monotonic_ms == NULL) {
        log->options.monotonic_ms = monotonic_of_system;
    }
    log->to_journal = is_journal(options->fd);
    pthread_mutex_init(&log->lock, NULL);
    log_set(log, options->level, options->mask_imsi);
    *out = log;
    return E_OK;
}

void log_set(struct log *log, enum log_level level, bool mask_imsi)
{
    if (log != NULL) {
        atomic_store_explicit(&log->level, level, memory_order_relaxed);
        atomic_store_explicit(&log->mask_imsi, mask_imsi, memory_order_relaxed);
    }
}

void log_close(struct log *log)
{
    if (log != NULL) {
        pthread_mutex_destroy(&log->lock);
        free(log);
    }
}

/* ---- JSON, straight into the line ---- */

/* Octets of the valid UTF-8 sequence at p, or 0 (RFC 3629: no overlong forms, no surrogates). */
static size_t utf8_len(const uint8_t *p, size_t n)
{
    static const struct {
        uint8_t first_lo, first_hi, second_lo, second_hi, len;
    } forms[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
                 {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
                 {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t len = forms[i].len;
        if (p[0] >= forms[i].first_lo && p[0] <= forms[i].first_hi && n >= len &&
            p[1] >= forms[i].second_lo && p[1] <= forms[i].second_hi &&
            (len < 3 || (p[2] & 0xc0) == 0x80) && (len < 4 || (p[3] & 0xc0) == 0x80)) {
            return len;
        }
    }
    return 0;
}

/* One octet that cannot stand as it is; what is no UTF-8 shows as its Latin-1 code point. */
static void put_escaped(struct wr *w, uint8_t c)
{
    char text[8];
    if (c == '"' || c == '\\') {
        text[0] = '\\';
        text[1] = (char)c;
        text[2] = '\0';
    } else {
        snprintf(text, sizeof text, "\\u%04x", c);
    }
    wr_put(w, bytes_of_str(text));
}

static void put_quoted(struct wr *w, struct bytes s)
{
    wr_u8(w, '"');
    for (size_t i = 0; i < s.n;) {
        uint8_t c = s.p[i];
        bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        size_t len = plain ? 1 : utf8_len(s.p + i, s.n - i);
        if (len > 0) {
            wr_put(w, (struct bytes){s.p + i, len});
        } else {
            put_escaped(w, c);
        }
        i += len > 0 ? len : 1;
    }
    wr_u8(w, '"');
}

static void put_key(struct wr *w, const char *key)
{
    wr_u8(w, ',');
    put_quoted(w, bytes_of_str(key));
    wr_u8(w, ':');
}

static void put_imsi(struct wr *w, const struct log *log, const struct imsi *imsi)
{
    char masked[IMSI_DIGITS_MAX + 1];
    const bool masks = atomic_load_explicit(&log->mask_imsi, memory_order_relaxed);
    if (masks) {
        imsi_mask(imsi, masked);
    }
    put_quoted(w, bytes_of_str(masks ? masked : imsi->digits));
}

static void put_value(struct wr *w, const struct log *log, const struct log_field *f)
{
    char number[24];
    switch (f->kind) {
    case LOG_STR:
        put_quoted(w, bytes_of_str(f->v.str));
        break;
    case LOG_BYTES:
        put_quoted(w, f->v.bytes);
        break;
    case LOG_INT:
        snprintf(number, sizeof number, "%" PRId64, f->v.i);
        wr_put(w, bytes_of_str(number));
        break;
    case LOG_UINT:
        snprintf(number, sizeof number, "%" PRIu64, f->v.u);
        wr_put(w, bytes_of_str(number));
        break;
    case LOG_BOOL:
        wr_put(w, bytes_of_str(f->v.b ? "true" : "false"));
        break;
    case LOG_IMSI:
        put_imsi(w, log, f->v.imsi);
        break;
    case LOG_IMEI:
        put_quoted(w, bytes_of_str(f->v.imei->digits));
        break;
    }
}

static bool is_absent(const struct log_field *f)
{
    return (f->kind == LOG_STR && f->v.str == NULL) || (f->kind == LOG_IMSI && f->v.imsi == NULL) ||
           (f->kind == LOG_IMEI && f->v.imei == NULL);
}

/* false: there was no room; the line is as it was. */
static bool put_field(struct wr *w, const struct log *log, const struct log_field *f)
{
    size_t before = w->n;
    if (is_absent(f)) {
        return true;
    }
    put_key(w, f->key);
    put_value(w, log, f);
    if (w->err != E_OK) {
        w->n = before;
        w->err = E_OK;
        return false;
    }
    return true;
}

static void put_time(struct wr *w, int64_t unix_ms)
{
    char text[64];
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, sizeof text, "{\"time\":\"%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03dZ\"", (int)(unix_ms % 1000));
    wr_put(w, bytes_of_str(text));
}

size_t log_format(const struct log *log, enum log_level level, const char *event,
                  const struct log_field *fields, size_t n, uint64_t suppressed, struct mbytes out)
{
    bool whole = true;
    struct wr w = wr_of((struct mbytes){out.p, out.n > ENDING_MAX ? out.n - ENDING_MAX : 0});
    struct log_field head[] = {LOG_FIELD_STR("level", log_level_name(level)),
                               LOG_FIELD_STR("program", log->options.program),
                               LOG_FIELD_STR("event", event)};
    put_time(&w, log->options.wall_ms(log->options.ctx));
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        whole &= put_field(&w, log, &head[i]);
    }
    if (suppressed > 0) {
        whole &= put_field(&w, log, &LOG_FIELD_UINT("suppressed", suppressed));
    }
    for (size_t i = 0; i < n; i++) {
        whole &= put_field(&w, log, &fields[i]);
    }
    if (w.err != E_OK) {
        return 0; /* not even the time fits */
    }
    w.cap = out.n;
    wr_put(&w, bytes_of_str(whole ? "}\n" : ",\"truncated\":true}\n"));
    return wr_done(&w).n;
}

/* ---- writing ---- */

static void write_line(struct log *log, enum log_level level, const char *event,
                       const struct log_field *fields, size_t n, uint64_t suppressed)
{
    uint8_t line[PRIORITY_LEN + LOG_LINE_MAX];
    const size_t before = log->to_journal ? PRIORITY_LEN : 0;
    memcpy(line, priorities[level], before);
    const size_t len = log_format(log, level, event, fields, n, suppressed,
                                  (struct mbytes){line + before, LOG_LINE_MAX});
    ssize_t written = write(log->options.fd, line, before + len);
    (void)written; /* see the header: nothing better can be done */
}

static bool is_wanted(const struct log *log, enum log_level level)
{
    return level >= atomic_load_explicit(&log->level, memory_order_relaxed);
}

void log_line(struct log *log, enum log_level level, const char *event,
              const struct log_field *fields, size_t n)
{
    if (log != NULL && is_wanted(log, level)) {
        write_line(log, level, event, fields, n, 0);
    }
}

static struct slot *slot_of(struct log *log, const char *event, uint64_t now)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot *s = &log->slots[i];
        if (s->event == NULL) {
            *s = (struct slot){.event = event, .tokens = LOG_BURST, .refilled_ms = now};
        }
        if (strcmp(s->event, event) == 0) {
            return s;
        }
    }
    return &log->slots[SLOTS - 1];
}

static void refill(struct slot *s, uint64_t now)
{
    uint64_t more = now > s->refilled_ms ? (now - s->refilled_ms) / REFILL_MS : 0;
    if (more > 0) {
        s->refilled_ms += more * REFILL_MS;
        s->tokens = more > LOG_BURST - s->tokens ? LOG_BURST : s->tokens + (unsigned)more;
    }
}

/* May a line of this event be written now? *suppressed: how many before it were not. */
static bool limiter_take(struct log *log, const char *event, uint64_t *suppressed)
{
    uint64_t now = log->options.monotonic_ms(log->options.ctx);
    pthread_mutex_lock(&log->lock);
    struct slot *s = slot_of(log, event, now);
    refill(s, now);
    bool may = s->tokens > 0;
    if (may) {
        s->tokens--;
        *suppressed = s->suppressed;
        s->suppressed = 0;
    } else {
        s->suppressed++;
    }
    pthread_mutex_unlock(&log->lock);
    return may;
}

void log_limited_by(struct log *log, const char *by, enum log_level level, const char *event,
                    const struct log_field *fields, size_t n)
{
    uint64_t suppressed = 0;
    if (log != NULL && is_wanted(log, level) && limiter_take(log, by, &suppressed)) {
        write_line(log, level, event, fields, n, suppressed);
    }
}

void log_limited(struct log *log, enum log_level level, const char *event,
                 const struct log_field *fields, size_t n)
{
    log_limited_by(log, event, level, event, fields, n);
}
