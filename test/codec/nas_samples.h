/* test/codec/nas_samples.h - the PDUs of test/vectors/nas_samples.txt, one by one. */
#ifndef BINDERY_TEST_CODEC_NAS_SAMPLES_H
#define BINDERY_TEST_CODEC_NAS_SAMPLES_H

#include "codec/nas.h"
#include "lib/check.h"
#include <stdio.h>
#include <string.h>

#define SAMPLE_MAX 2048

struct nas_sample {
    char name[96];
    enum nas_direction direction;
    uint8_t octets[SAMPLE_MAX];
    struct bytes pdu;
};
typedef void nas_sample_test(const struct nas_sample *s);

static inline void sample_of_line(char *line, struct nas_sample *s)
{
    char direction[8];
    static char hex[2 * SAMPLE_MAX + 1];
    assert_int_equal(sscanf(line, "%95s %7s %*s %*s %4096s", s->name, direction, hex), 3);
    s->direction = strcmp(direction, "up") == 0 ? NAS_UP : NAS_DOWN;
    size_t n = strlen(hex) / 2;
    assert_ok(hex_decode(hex, (struct mbytes){s->octets, n}));
    s->pdu = (struct bytes){s->octets, n};
}

/* Calls `test` for every sample and gives their number. */
static inline size_t each_sample(nas_sample_test *test)
{
    static char line[2 * SAMPLE_MAX + 200];
    static struct nas_sample sample;
    size_t n = 0;
    FILE *f = fopen(TEST_DATA "/nas_samples.txt", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (line[0] != '#') {
            sample_of_line(line, &sample);
            test(&sample);
            n++;
        }
    }
    (void)fclose(f);
    return n;
}

/* The description of a plain sample's message; NULL when it is none. */
static inline const struct nas_message *sample_message(const struct nas_sample *s)
{
    struct nas_pdu pdu;
    assert_ok(nas_peek(s->pdu, &pdu));
    if (pdu.kind != NAS_PLAIN_EMM && pdu.kind != NAS_PLAIN_ESM) {
        return NULL;
    }
    const struct nas_message *m = nas_message_of(pdu.type, s->direction);
    assert_non_null(m);
    return m;
}

/* The sample of this name or the test fails; the span is good until the next call. */
static inline struct bytes sample_named(const char *name)
{
    static char line[2 * SAMPLE_MAX + 200];
    static struct nas_sample sample;
    FILE *f = fopen(TEST_DATA "/nas_samples.txt", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        size_t n = strlen(name);
        if (strncmp(line, name, n) == 0 && line[n] == ' ') {
            sample_of_line(line, &sample);
            (void)fclose(f);
            return sample.pdu;
        }
    }
    fail_msg("no sample %s", name);
    return (struct bytes){NULL, 0};
}

#endif
