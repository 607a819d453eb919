#include "cli/said.h"
#include "cli/trace_join.h"
#include "cli/trace_read.h"
#include "codec/private.h"
#include <fcntl.h>

/* A DWR of "a.b" and the DWA that answers it. */
static const uint8_t dwr[] = {
    0x01, 0x00, 0x00, 0x2c, 0x80, 0x00, 0x01, 0x18, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x01, 0x08, 0x40, 0x00, 0x00, 0x0b, 'a',  '.',
    'b',  0x00, 0x00, 0x00, 0x01, 0x28, 0x40, 0x00, 0x00, 0x09, 'b',  0x00, 0x00, 0x00,
};
static const uint8_t dwa[] = {
    0x01, 0x00, 0x00, 0x38, 0x00, 0x00, 0x01, 0x18, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x01, 0x0c, 0x40, 0x00, 0x00, 0x0c,
    0x00, 0x00, 0x07, 0xd1, 0x00, 0x00, 0x01, 0x08, 0x40, 0x00, 0x00, 0x0b, 'h',  '.',
    'b',  0x00, 0x00, 0x00, 0x01, 0x28, 0x40, 0x00, 0x00, 0x09, 'b',  0x00, 0x00, 0x00,
};
static const struct trace_options options = {.own_vendor = DIAMETER_VENDOR_OWN_DEFAULT};

struct file {
    uint8_t data[4096];
    size_t n;
};

static void put(struct pcapng_writer *w, uint64_t time, bool back, struct bytes dissector,
                struct bytes message)
{
    struct pcapng_end a = {4, {10, 0, 0, 1}, 40000}, b = {4, {10, 0, 0, 2}, 3868};
    struct pcapng_packet p = {.time_ns = time,
                              .dissector = dissector,
                              .port_type = PCAPNG_PORT_TCP,
                              .from = back ? b : a,
                              .to = back ? a : b,
                              .message = message};
    assert_ok(pcapng_write(w, &p));
}

/* A request, its answer half a millisecond later, and something that is no Diameter. */
static void make(struct file *f)
{
    char dir[64], path[160];
    struct pcapng_writer *w;
    folder_make(dir);
    snprintf(path, sizeof path, "%s/t.pcapng", dir);
    assert_ok(pcapng_create(path, "test", &w));
    put(w, 1000000000, false, BYTES_LIT("diameter"), BYTES_OF(dwr));
    put(w, 1000500000, true, BYTES_LIT("diameter"), BYTES_OF(dwa));
    put(w, 1001000000, false, BYTES_LIT("s1ap"), BYTES_LIT("xyz"));
    pcapng_close(w);
    FILE *in = fopen(path, "r");
    f->n = fread(f->data, 1, sizeof f->data, in);
    fclose(in);
    folder_remove(dir);
}

static enum err reads(const struct file *f, size_t n, struct trace_list *out)
{
    FILE *in = n ? fmemopen((void *)(uintptr_t)f->data, n, "r") : fopen("/dev/null", "r");
    assert_non_null(in);
    *out = (struct trace_list){0};
    enum err e = trace_read(in, &options, out);
    fclose(in);
    assert_ok(trace_join(out));
    return e;
}

static void messages_with_names_and_pairs(void **state)
{
    struct file f;
    struct trace_list t;
    (void)state;
    make(&f);
    assert_ok(reads(&f, f.n, &t));
    assert_int_equal(t.n, 3);
    assert_string_equal(t.message[0].name, "DWR");
    assert_string_equal(t.message[0].from, "a.b");
    assert_string_equal(t.message[0].to, "h.b");
    assert_true(t.message[0].request);
    assert_string_equal(t.message[1].name, "DWA");
    assert_true(t.message[1].matched);
    assert_int_equal(t.message[1].answered_ns, 500000);
    assert_false(t.message[1].bad);
    assert_string_equal(t.message[2].name, "S1AP"); /* no S1AP message begins with 'x' */
    assert_int_equal(t.message[2].protocol, TRACE_S1AP);
    assert_true(t.message[2].bad);
    trace_list_free(&t);
}

static void every_cut_is_told_and_keeps_what_is_before(void **state)
{
    struct file f;
    struct trace_list t, whole;
    size_t most = 0;
    (void)state;
    make(&f);
    assert_ok(reads(&f, f.n, &whole));
    for (size_t n = 0; n < f.n; n++) {
        enum err e = reads(&f, n, &t);
        assert_true(t.n >= most && t.n <= whole.n);
        assert_true(e == E_OK ? !t.why[0] : strstr(t.why, "octet ") == t.why);
        most = t.n;
        trace_list_free(&t);
    }
    trace_list_free(&whole);
}

static void any_changed_octet_is_survived(void **state)
{
    struct file f;
    struct trace_list t;
    uint64_t seed = 33868;
    (void)state;
    make(&f);
    for (unsigned i = 0; i < 3000; i++) {
        struct file g = f;
        g.data[test_rand(&seed) % g.n] ^= (uint8_t)(1 + test_rand(&seed) % 255);
        enum err e = reads(&g, g.n, &t);
        assert_true(e == E_OK || t.why[0]);
        trace_list_free(&t);
    }
}

static void what_is_no_trace(void **state)
{
    struct file f = {.data = "hello, this is no trace at all, is it?", .n = 38};
    struct trace_list t;
    (void)state;
    assert_true(reads(&f, f.n, &t) != E_OK);
    assert_non_null(strstr(t.why, "octet 0: this is no pcapng file"));
    trace_list_free(&t);
    assert_true(reads(&f, 0, &t) != E_OK);
    trace_list_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_with_names_and_pairs),
        cmocka_unit_test(every_cut_is_told_and_keeps_what_is_before),
        cmocka_unit_test(any_changed_octet_is_survived),
        cmocka_unit_test(what_is_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
