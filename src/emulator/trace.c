#include "emulator/trace.h"

#include "codec/nas.h"
#include "codec/s1ap.h"
#include "trace/pcapng.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESSAGE_MAX 65536

struct trace {
    struct pcapng_writer *file;
    bool secrets, failed;
    uint8_t copy[MESSAGE_MAX];
};

enum err trace_open(const char *path, bool secrets, struct trace **out)
{
    struct trace *t = calloc(1, sizeof *t);
    *out = NULL;
    if (t == NULL) {
        return E_MEMORY;
    }
    enum err err = pcapng_create(path, "bindery-ue", &t->file);
    if (err != E_OK) {
        free(t);
        return err;
    }
    t->secrets = secrets;
    *out = t;
    return E_OK;
}

void trace_close(struct trace *t)
{
    if (t != NULL) {
        pcapng_close(t->file);
        wipe(t->copy, sizeof t->copy);
        free(t);
    }
}

bool trace_shows_secrets(const struct trace *t)
{
    return t->secrets;
}

bool trace_failed(const struct trace *t)
{
    return t->failed;
}

static struct pcapng_end end_of(const struct address *a)
{
    struct pcapng_end e = {.family = a->family, .port = a->port};
    memcpy(e.ip, a->ip, sizeof e.ip);
    return e;
}

static uint64_t wall_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static void write_packet(struct trace *t, const struct trace_ends *ends, bool to_mme,
                         struct pcapng_packet *p)
{
    const struct pcapng_end enb = end_of(ends->enb), mme = end_of(ends->mme);
    p->time_ns = wall_ns();
    p->port_type = PCAPNG_PORT_SCTP;
    p->from = to_mme ? enb : mme;
    p->to = to_mme ? mme : enb;
    t->failed = t->failed || pcapng_write(t->file, p) != E_OK;
}

void trace_s1ap(struct trace *t, const struct trace_ends *ends, bool to_mme, struct bytes message)
{
    struct pcapng_packet p = {.dissector = BYTES_LIT("s1ap"), .message = message};
    if (t->failed || message.n > sizeof t->copy) {
        return;
    }
    if (!t->secrets) {
        memcpy(t->copy, message.p, message.n);
        s1ap_redact((struct mbytes){t->copy, message.n});
        p.message.p = t->copy;
    }
    write_packet(t, ends, to_mme, &p);
}

void trace_nas(struct trace *t, const struct trace_ends *ends, bool to_mme, const struct imsi *imsi,
               struct bytes pdu, struct bytes plain)
{
    struct pcapng_packet p = {.dissector = BYTES_LIT("nas-eps"), .message = plain};
    char comment[64];
    struct nas_pdu head;
    if (t->failed || !t->secrets || nas_peek(pdu, &head) != E_OK ||
        (head.sht != NAS_SHT_CIPHERED && head.sht != NAS_SHT_CIPHERED_NEW)) {
        return;
    }
    const int n = snprintf(comment, sizeof comment, "IMSI %s, deciphered", imsi->digits);
    p.comment = (struct bytes){(const uint8_t *)comment, (size_t)n};
    write_packet(t, ends, to_mme, &p);
}
