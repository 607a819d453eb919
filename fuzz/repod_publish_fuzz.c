/* Octets as the stream of a bulk, cut anywhere: the lines are those that a plain search for LF
 * finds, whatever the cut and the room; and each of them as a row to be published: of a row that is
 * taken the key is one, and of one that is not the cause is named in printable ASCII. The first two
 * octets are the length of the parts and the room of the buffer. */
#include "nf/repod/bulk_lines.h"
#include "nf/repod/publish.h"
#include <stdlib.h>
#include <string.h>

#define NOW 1800000000

static struct publish_row row;
static struct publish_roots roots;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* ---- lines ---- */

/* The next line that is not empty; false: none is left. */
static bool plain_next(struct bytes *in, struct bytes *line)
{
    while (in->n > 0) {
        const uint8_t *end = memchr(in->p, '\n', in->n);
        *line = (struct bytes){in->p, end != NULL ? (size_t)(end - in->p) : in->n};
        size_t skip = line->n + (end != NULL);
        *in = (struct bytes){in->p + skip, in->n - skip};
        if (line->n > 0) {
            return true;
        }
    }
    return false;
}

/* False: a line does not fit, and nothing comes behind it. */
static bool lines_of_part(struct bulk_lines *l, struct bytes part, struct bytes *plain)
{
    struct bytes got, wanted;
    while (part.n > 0) {
        size_t n = bulk_lines_put(l, part);
        part = (struct bytes){part.p + n, part.n - n};
        while (bulk_lines_next(l, false, &got)) {
            require(plain_next(plain, &wanted) && bytes_eq(got, wanted));
        }
        if (bulk_lines_stuck(l)) {
            require(l->n == l->buffer.n && memchr(l->buffer.p, '\n', l->n) == NULL);
            return false;
        }
    }
    return true;
}

static void lines(struct bytes in, size_t part, size_t room)
{
    struct bytes plain = in, got, wanted;
    struct bulk_lines l = {.buffer = {malloc(room), room}};
    bool fits = true;
    require(l.buffer.p != NULL);
    while (in.n > 0 && fits) {
        size_t n = in.n < part ? in.n : part;
        fits = lines_of_part(&l, (struct bytes){in.p, n}, &plain);
        in = (struct bytes){in.p + n, in.n - n};
    }
    if (fits) {
        while (bulk_lines_next(&l, true, &got)) {
            require(plain_next(&plain, &wanted) && bytes_eq(got, wanted));
        }
        require(!plain_next(&plain, &wanted));
    }
    free(l.buffer.p);
}

/* ---- rows ---- */

/* What is said of a device makes a record that is read again. */
static void of_device(void)
{
    uint8_t content[DEVICE_RECORD_MAX];
    struct device_record r;
    struct repo_row record = {.imei = row.imei,
                              .status = BINDING_ACTIVE,
                              .serial = 1,
                              .issued = NOW,
                              .device = row.device};
    require(row.use == BINDING_PROVISIONING && row.form == BINDING_CERTIFICATE);
    require(device_record_read(publish_device_content(&record, content), &r) == E_OK);
    require(strcmp(r.id.text, row.device.id) == 0 && strcmp(r.model, row.device.model) == 0);
}

static void taken(void)
{
    enum verify_key_kind kind;
    require(row.imei.digits[IMEI_DIGITS] == '\0');
    require(row.use == BINDING_IDENTITY || row.use == BINDING_PROVISIONING);
    if (!row.revoke) {
        require(row.spki_n <= sizeof row.spki && row.credential_n <= sizeof row.credential);
        require(verify_key((struct bytes){row.spki, row.spki_n}, &kind) == E_OK);
        require(row.not_before < row.not_after && row.not_after > NOW);
        require(row.form == BINDING_PUBLIC_KEY ||
                publish_certificate((struct bytes){row.credential, row.credential_n}, 0).n > 0);
        if (row.device.id[0] != '\0') {
            of_device();
        }
    }
}

static void one_row(struct bytes text, bool in_bulk)
{
    const struct publish_rules rules = {NULL, NOW, &roots};
    struct publish_why why = {.cause = CAUSE_NONE};
    json_t *json = publish_json(text, &why);
    bool ok = json != NULL;
    row.use = BINDING_IDENTITY;
    if (ok && in_bulk) {
        ok = publish_identity(json, &row, &why);
    }
    if (ok && publish_read(json, in_bulk, &rules, &row, &why)) {
        taken();
    } else {
        require(why.cause != CAUSE_NONE && memchr(why.detail, '\0', sizeof why.detail) != NULL);
        for (const char *p = why.detail; *p != '\0'; p++) {
            require(*p >= ' ' && *p <= '~');
        }
    }
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct bytes in = {data + 2, size - 2}, left = in, line;
    lines(in, 1U + data[0], 1U + 4U * data[1]);
    while (plain_next(&left, &line)) {
        one_row(line, true);
        one_row(line, false);
    }
    return 0;
}
