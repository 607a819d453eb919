#include "lib/check.h"
#include "trace/pcapng.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A Device-Watchdog-Request: header, Origin-Host "a.b", Origin-Realm "b". */
static const uint8_t dwr[] = {
    0x01, 0x00, 0x00, 0x2c, 0x80, 0x00, 0x01, 0x18, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x01, 0x08, 0x40, 0x00, 0x00, 0x0b, 'a',  '.',
    'b',  0x00, 0x00, 0x00, 0x01, 0x28, 0x40, 0x00, 0x00, 0x09, 'b',  0x00, 0x00, 0x00,
};

static struct pcapng_packet sample(void)
{
    return (struct pcapng_packet){
        .time_ns = UINT64_C(1700000000123456789),
        .dissector = BYTES_LIT("diameter"),
        .port_type = PCAPNG_PORT_TCP,
        .from = {4, {10, 0, 0, 1}, 40000},
        .to = {6, {0x20, 0x01, [15] = 7}, 3868},
        .comment = BYTES_LIT("mme.example to hss.example"),
        .message = BYTES_OF(dwr),
    };
}

struct file {
    char path[64];
    uint8_t data[8192];
    size_t n;
};

static void file_open(struct file *f, struct pcapng_writer **w)
{
    strcpy(f->path, "/tmp/bindery-trace-XXXXXX");
    int fd = mkstemp(f->path);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, 0644), 0);
    close(fd);
    assert_ok(pcapng_create(f->path, "pcapng_test", w));
}

static void file_load(struct file *f)
{
    FILE *in = fopen(f->path, "rb");
    assert_non_null(in);
    f->n = fread(f->data, 1, sizeof f->data, in);
    fclose(in);
}

static void make(struct file *f, unsigned packets)
{
    struct pcapng_writer *w;
    file_open(f, &w);
    for (unsigned i = 0; i < packets; i++) {
        struct pcapng_packet p = sample();
        p.message.n -= i; /* every padding */
        p.comment.n -= i;
        assert_ok(pcapng_write(w, &p));
    }
    pcapng_close(w);
    file_load(f);
}

static void assert_same_end(const struct pcapng_end *a, const struct pcapng_end *b)
{
    assert_int_equal(a->family, b->family);
    assert_int_equal(a->port, b->port);
    assert_memory_equal(a->ip, b->ip, sizeof a->ip);
}

static void packets_come_back_as_written(void **state)
{
    (void)state;
    struct file f;
    make(&f, 5);
    struct pcapng_reader r = {0};
    size_t at = 0, used;
    for (unsigned i = 0; i < 5; i++) {
        struct pcapng_packet p, want = sample();
        want.message.n -= i;
        want.comment.n -= i;
        assert_ok(pcapng_next(&r, (struct bytes){f.data + at, f.n - at}, &used, &p));
        at += used;
        assert_int_equal(p.link_type, PCAPNG_UPPER_PDU);
        assert_true(p.time_ns == want.time_ns);
        assert_true(bytes_eq(p.dissector, want.dissector));
        assert_true(bytes_eq(p.message, want.message));
        assert_true(bytes_eq(p.comment, want.comment));
        assert_same_end(&p.from, &want.from);
        assert_same_end(&p.to, &want.to);
        assert_int_equal(p.port_type, want.port_type);
    }
    struct pcapng_packet p;
    assert_err(pcapng_next(&r, (struct bytes){f.data + at, f.n - at}, &used, &p), E_AGAIN);
    assert_ok(pcapng_finish(&r, (struct bytes){f.data + at, f.n - at}));
    unlink(f.path);
}

static void the_file_is_its_owners_alone(void **state)
{
    (void)state;
    struct file f;
    struct stat st;
    make(&f, 1);
    assert_int_equal(stat(f.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    unlink(f.path);
}

/* Feeds in and finishes; the number of packets is returned. */
static unsigned read_all(struct pcapng_reader *r, struct bytes in, enum err *err)
{
    unsigned count = 0;
    struct pcapng_packet p;
    size_t used;
    while ((*err = pcapng_next(r, in, &used, &p)) == E_OK) {
        in = (struct bytes){in.p + used, in.n - used};
        count++;
    }
    in = (struct bytes){in.p + used, in.n - used};
    if (*err == E_AGAIN) {
        *err = pcapng_finish(r, in);
    }
    return count;
}

static bool is_block_border(const struct file *f, size_t n)
{
    size_t at = 0;
    while (at < n) {
        uint32_t length;
        memcpy(&length, f->data + at + 4, 4);
        at += length;
    }
    return at == n && n != 0;
}

static void every_prefix_is_refused_with_its_place(void **state)
{
    (void)state;
    struct file f;
    make(&f, 3);
    for (size_t n = 0; n <= f.n; n++) {
        uint8_t *copy = exact_copy((struct bytes){f.data, n});
        struct pcapng_reader r = {0};
        enum err err;
        (void)read_all(&r, (struct bytes){copy, n}, &err);
        if (is_block_border(&f, n)) {
            assert_ok(err);
        } else {
            assert_err(err, E_TRUNCATED);
            assert_true(r.place <= n && (r.place == 0 || is_block_border(&f, r.place)));
            assert_non_null(r.why);
        }
        free(copy);
    }
    unlink(f.path);
}

static void octets_may_come_one_by_one(void **state)
{
    (void)state;
    struct file f;
    make(&f, 3);
    struct pcapng_reader r = {0};
    size_t from = 0, used;
    unsigned count = 0;
    for (size_t to = 0; to <= f.n; to++) {
        struct pcapng_packet p;
        enum err err = pcapng_next(&r, (struct bytes){f.data + from, to - from}, &used, &p);
        from += used;
        count += err == E_OK;
        assert_true(err == E_OK || err == E_AGAIN);
    }
    assert_int_equal(count, 3);
    unlink(f.path);
}

static void damage_is_refused_at_its_octet(void **state)
{
    (void)state;
    struct file f;
    make(&f, 1);
    uint32_t section, interface;
    memcpy(&section, f.data + 4, 4);
    memcpy(&interface, f.data + section + 4, 4);
    size_t packet = section + interface;
    const struct damage {
        size_t at;
        uint8_t to;
        enum err err;
        size_t place;
    } all[] = {
        {0, 0, E_BAD_VALUE, 0},                         /* no section head */
        {8, 0, E_BAD_VALUE, 8},                         /* byte order */
        {12, 2, E_UNSUPPORTED, 12},                     /* version */
        {4, 13, E_BAD_LENGTH, 4},                       /* no multiple of four */
        {packet - 4, 0xff, E_BAD_LENGTH, packet - 4},   /* lengths differ */
        {packet + 8, 1, E_BAD_VALUE, packet + 8},       /* no such interface */
        {packet + 20, 0xff, E_BAD_LENGTH, packet + 8},  /* captured length */
        {packet + 31, 0xff, E_BAD_LENGTH, packet + 28}, /* tag length */
        {packet + 43, 3, E_BAD_LENGTH, packet + 40},    /* length of an IPv4 tag */
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        uint8_t *copy = exact_copy((struct bytes){f.data, f.n});
        struct pcapng_reader r = {0};
        enum err err;
        copy[all[i].at] = all[i].to;
        (void)read_all(&r, (struct bytes){copy, f.n}, &err);
        assert_err(err, all[i].err);
        assert_int_equal(r.place, all[i].place);
        free(copy);
    }
    unlink(f.path);
}

static void random_damage_never_reads_outside(void **state)
{
    (void)state;
    struct file f;
    uint64_t seed = 7;
    make(&f, 3);
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t *copy = exact_copy((struct bytes){f.data, f.n});
        for (unsigned k = 0; k <= i % 4; k++) {
            copy[test_rand(&seed) % f.n] = (uint8_t)test_rand(&seed);
        }
        struct pcapng_reader r = {0};
        enum err err;
        (void)read_all(&r, (struct bytes){copy, f.n}, &err);
        assert_true(err == E_OK || (r.why != NULL && r.place <= f.n));
        free(copy);
    }
    unlink(f.path);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct file f;
    struct pcapng_writer *w;
    file_open(&f, &w);
    struct pcapng_packet p = sample();
    p.dissector = BYTES_LIT("a-dissector-name-of-33-octets-long");
    assert_err(pcapng_write(w, &p), E_BAD_LENGTH);
    p.dissector.n = 0;
    assert_err(pcapng_write(w, &p), E_BAD_LENGTH);
    p = sample();
    p.message.n = PCAPNG_BLOCK_MAX;
    assert_err(pcapng_write(w, &p), E_BAD_LENGTH);
    pcapng_close(w);
    unlink(f.path);
}

static void a_long_comment_is_cut_between_characters(void **state)
{
    (void)state;
    struct file f;
    struct pcapng_writer *w;
    uint8_t text[400];
    text[0] = 'x';
    for (size_t i = 1; i + 1 < sizeof text; i += 2) {
        memcpy(text + i, "\xc3\xa4", 2);
    }
    file_open(&f, &w);
    struct pcapng_packet p = sample();
    p.comment = BYTES_OF(text);
    assert_ok(pcapng_write(w, &p));
    pcapng_close(w);
    file_load(&f);
    struct pcapng_reader r = {0};
    size_t used;
    assert_ok(pcapng_next(&r, (struct bytes){f.data, f.n}, &used, &p));
    assert_int_equal(p.comment.n, PCAPNG_COMMENT_MAX - 1);
    unlink(f.path);
}

static void a_full_disk_is_reported(void **state)
{
    (void)state;
    struct pcapng_writer *w = NULL;
    assert_err(pcapng_create("/dev/full", "t", &w), E_IO);
    assert_err(pcapng_create("/nonexistent/x", "t", &w), E_IO);
    assert_null(w);
}

static void *write_many(void *arg)
{
    struct pcapng_packet p = sample();
    for (unsigned i = 0; i < 10; i++) {
        assert_ok(pcapng_write(arg, &p));
    }
    return NULL;
}

static void threads_may_share_a_writer(void **state)
{
    (void)state;
    struct file f;
    struct pcapng_writer *w;
    pthread_t t[3];
    enum err err;
    file_open(&f, &w);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&t[i], NULL, write_many, w), 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(t[i], NULL);
    }
    pcapng_close(w);
    file_load(&f);
    struct pcapng_reader r = {0};
    assert_int_equal(read_all(&r, (struct bytes){f.data, f.n}, &err), 30);
    assert_ok(err);
    unlink(f.path);
}

/* A section of the other byte order, microseconds by default, link type 1: read as a raw packet. */
static void other_programs_files_are_read(void **state)
{
    (void)state;
    uint8_t file[28 + 20 + 36];
    struct wr w = wr_of(MBYTES_OF(file));
    wr_be32(&w, 0x0a0d0d0a), wr_be32(&w, 28), wr_be32(&w, 0x1a2b3c4d), wr_be16(&w, 1);
    wr_be16(&w, 0), wr_be64(&w, UINT64_MAX), wr_be32(&w, 28);
    wr_be32(&w, 1), wr_be32(&w, 20), wr_be16(&w, 1), wr_be16(&w, 0), wr_be32(&w, 0);
    wr_be32(&w, 20);
    wr_be32(&w, 6), wr_be32(&w, 36), wr_be32(&w, 0), wr_be64(&w, 5), wr_be32(&w, 3);
    wr_be32(&w, 3), wr_be32(&w, 0x61626300), wr_be32(&w, 36);
    struct pcapng_reader r = {0};
    struct pcapng_packet p;
    size_t used;
    assert_ok(pcapng_next(&r, wr_done(&w), &used, &p));
    assert_int_equal(used, sizeof file);
    assert_int_equal(p.link_type, 1);
    assert_true(p.time_ns == 5000);
    assert_true(bytes_eq(p.message, BYTES_LIT("abc")));
}

static void tshark_decodes_it(void **state)
{
    (void)state;
    struct file f;
    char command[256], line[256] = "";
    if (system("command -v tshark >/dev/null 2>&1") != 0) {
        skip();
    }
    make(&f, 1);
    snprintf(command, sizeof command,
             "tshark -r %s -T fields -e diameter.Origin-Host -e diameter.cmd.code "
             "-e exported_pdu.ipv4_src -e exported_pdu.dst_port -e frame.time_epoch "
             "-e frame.comment 2>/dev/null",
             f.path);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    assert_non_null(fgets(line, sizeof line, out));
    pclose(out);
    assert_string_equal(line, "a.b\t280\t10.0.0.1\t3868\t1700000000.123456789\t"
                              "mme.example to hss.example\n");
    unlink(f.path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_come_back_as_written),
        cmocka_unit_test(the_file_is_its_owners_alone),
        cmocka_unit_test(every_prefix_is_refused_with_its_place),
        cmocka_unit_test(octets_may_come_one_by_one),
        cmocka_unit_test(damage_is_refused_at_its_octet),
        cmocka_unit_test(random_damage_never_reads_outside),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_long_comment_is_cut_between_characters),
        cmocka_unit_test(a_full_disk_is_reported),
        cmocka_unit_test(threads_may_share_a_writer),
        cmocka_unit_test(other_programs_files_are_read),
        cmocka_unit_test(tshark_decodes_it),
    };
    return cmocka_run_group_tests_name("trace/pcapng", tests, NULL, NULL);
}
