#include "emulator/population.h"

#include "lib/check.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char seed_text[] = "sixteen octets or more";

static struct population_origin origin_of(const char *imsi)
{
    struct population_origin o = {.seed = BYTES_OF(seed_text)};
    assert_ok(imsi_parse(bytes_of_str(imsi), &o.imsi));
    assert_ok(imei_parse(BYTES_LIT("00101700000000"), &o.imei));
    return o;
}

static struct population *opened(void)
{
    const struct bindery_ue_settings settings = population_settings();
    struct population *p = calloc(1, sizeof *p);
    assert_non_null(p);
    assert_ok(population_open(p, &settings, NULL));
    return p;
}

static void closed(struct population *p)
{
    population_close(p);
    free(p);
}

static void derives_the_same_again(void **state)
{
    struct population *p = opened();
    struct population_origin o = origin_of("001010000000998");
    struct lot_device a, b, c;
    (void)state;
    assert_ok(population_derive(&p->crypto, &o, 5, &a));
    assert_ok(population_derive(&p->crypto, &o, 5, &b));
    assert_memory_equal(&a, &b, sizeof a);
    assert_string_equal(a.imsi.digits, "001010000001003");
    assert_string_equal(a.imei.digits, "00101700000005");
    assert_ok(population_derive(&p->crypto, &o, 6, &c));
    assert_memory_not_equal(a.keys.k.b, c.keys.k.b, 16);
    assert_memory_not_equal(a.keys.k.b, a.keys.opc.b, 16);
    assert_memory_not_equal(a.kme.b, a.keys.opc.b, 16);
    /* By the IMSI alone, so that parts of a range are the same devices. */
    struct population_origin later = origin_of("001010000001003");
    assert_ok(population_derive(&p->crypto, &later, 0, &b));
    assert_memory_equal(a.keys.k.b, b.keys.k.b, 16);
    assert_memory_equal(a.kme.b, b.kme.b, 16);
    o.seed.n = POPULATION_SEED_MIN - 1;
    assert_err(population_derive(&p->crypto, &o, 0, &a), E_BAD_LENGTH);
    o = origin_of("001019999999999");
    assert_ok(population_derive(&p->crypto, &o, 1, &a));
    assert_string_equal(a.imsi.digits, "001020000000000");
    o = origin_of("999999999999999");
    assert_err(population_derive(&p->crypto, &o, 1, &a), E_BAD_VALUE);
    closed(p);
}

static void derivation_is_fixed(void **state)
{
    /* HMAC-SHA-256, seed of 16 times 0xaa, "bindery-ue k001010000000001": a lot that was written is
     * the devices that run makes, in every version. Checked with openssl dgst. */
    static const uint8_t k[] = {
        0xfa, 0x91, 0x6c, 0xa8, 0x92, 0x8f, 0x06, 0xd2,
        0x45, 0x65, 0xa5, 0x2f, 0xb4, 0xe0, 0x9d, 0xd8,
    };
    uint8_t seed[16];
    struct population *p = opened();
    struct population_origin o = origin_of("001010000000001");
    struct lot_device d;
    (void)state;
    memset(seed, 0xaa, sizeof seed);
    o.seed = BYTES_OF(seed);
    assert_ok(population_derive(&p->crypto, &o, 0, &d));
    assert_memory_equal(d.keys.k.b, k, sizeof k);
    closed(p);
}

static void devices_stay_where_they_are(void **state)
{
    struct population *p = opened();
    struct population_origin o = origin_of("001010000000001");
    (void)state;
    assert_ok(population_add_derived(p, &o, 3));
    const struct device *first = population_at(p, 0);
    o = origin_of("001010000000004");
    assert_ok(population_add_derived(p, &o, 2 * POPULATION_CHUNK));
    assert_int_equal(p->n, 3 + 2 * POPULATION_CHUNK);
    assert_ptr_equal(population_at(p, 0), first);
    for (uint32_t i = 0; i < p->n; i++) {
        assert_int_equal(population_at(p, i)->number, i);
        assert_int_equal(bindery_ue_state(&population_at(p, i)->ue), BINDERY_UE_STATE_DEREGISTERED);
    }
    assert_int_equal(population_device_size(), sizeof(struct device));
    closed(p);
}

static void what_no_device_is(void **state)
{
    struct population *p = opened();
    struct population_origin o = origin_of("001010000000001");
    struct lot_device d;
    (void)state;
    assert_ok(population_derive(&p->crypto, &o, 0, &d));
    d.keys.k.n = 7;
    assert_err(population_add(p, &d), E_BAD_VALUE);
    assert_int_equal(p->n, 0);
    d.keys.k.n = 16;
    d.has_imei = false; /* one of a test TAC is reported */
    assert_ok(population_add(p, &d));
    closed(p);
}

static void capabilities(void **state)
{
    static const char *const wrong[] = {"",      "eea0",      "eea2,eia0", "eia4",
                                        "eia1,", "eea1,xxx1", "eia12",     "EIA1"};
    struct bindery_ue_settings s = population_settings();
    (void)state;
    assert_ok(population_capabilities("eea2,eia2", &s));
    assert_int_equal(s.eea, 0x80 | 0x20);
    assert_int_equal(s.eia, 0x20);
    assert_ok(population_capabilities("eia1,eia3,eea0,eea3", &s));
    assert_int_equal(s.eea, 0x90);
    assert_int_equal(s.eia, 0x50);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_err(population_capabilities(wrong[i], &s), E_BAD_VALUE);
    }
    assert_int_equal(s.eea, 0x90);
}

static void put_file(const char *path, const void *text, size_t n, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void seeds(void **state)
{
    char path[] = "/tmp/seed.XXXXXX";
    uint8_t room[POPULATION_SEED_MAX];
    static uint8_t big[POPULATION_SEED_MAX];
    size_t n;
    (void)state;
    close(mkstemp(path));
    put_file(path, "0123456789abcdef\r\n", 18, 0600);
    assert_ok(population_seed_load(path, room, &n));
    assert_int_equal(n, 16);
    put_file(path, "0123456789abcdef", 16, 0640);
    assert_err(population_seed_load(path, room, &n), E_DENIED);
    put_file(path, "0123456789abcde\n", 16, 0600);
    assert_err(population_seed_load(path, room, &n), E_BAD_LENGTH);
    put_file(path, big, sizeof big, 0600);
    assert_err(population_seed_load(path, room, &n), E_BAD_LENGTH);
    unlink(path);
    assert_err(population_seed_load(path, room, &n), E_NOT_FOUND);
}

static void device_files(void **state)
{
    static const char file[] =
        "{\"bindery_device\":1,\"imei\":\"356938035643809\",\"kme\":null,\"usim\":{\"imsi\":"
        "\"001010000000001\",\"algorithm\":\"milenage\",\"k\":\"4ef71d219f07d31f368bf9d692a077e0\","
        "\"opc\":\"39fcaba061162e04e385416d916f41e7\",\"res_length\":8,\"keccak_iterations\":1,"
        "\"seq\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]},\"last\":null}";
    char path[] = "/tmp/device.XXXXXX";
    struct population *p = opened();
    struct population_why why;
    struct bindery_ue_guti guti;
    (void)state;
    close(mkstemp(path));
    put_file(path, file, sizeof file - 1, 0600);
    assert_ok(population_load_device(p, path, &why));
    assert_int_equal(p->n, 1);
    assert_false(bindery_ue_guti(&population_at(p, 0)->ue, &guti));
    closed(p);
    p = opened();
    put_file(path, file, sizeof file - 1, 0644);
    assert_err(population_load_device(p, path, &why), E_DENIED);
    assert_non_null(strstr(why.text, path));
    closed(p);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"population: the same seed and IMSI make the same device", derives_the_same_again, NULL,
         NULL, NULL},
        {"population: the derivation is the one that is written down", derivation_is_fixed, NULL,
         NULL, NULL},
        {"population: devices stay where they are while others come", devices_stay_where_they_are,
         NULL, NULL, NULL},
        {"population: refuses keys that no USIM has", what_no_device_is, NULL, NULL, NULL},
        {"population: capabilities are read, and EIA0 never", capabilities, NULL, NULL, NULL},
        {"population: a seed is long enough and its owner's only", seeds, NULL, NULL, NULL},
        {"population: a device comes out of its own file", device_files, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
