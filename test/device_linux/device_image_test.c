/* One state file serves the NAS client and the commands: src/device/linux/state_file.c,
 * src/device/linux/platform_openssl.c. */
#include "device/linux/state_file.h"
#include "device/world.h"
#include <unistd.h>

/* The host's store function as a program would have it. */
struct host {
    struct world w;
    struct device_state state;
    char path[64];
};

static bool store_in_file(void *ctx, const uint8_t *image, size_t n)
{
    struct host *h = ctx;
    struct device_why why;
    uint64_t seq[BINDERY_UE_USIM_SEQUENCES];
    bindery_ue_usim_sequences(&h->w.usim, seq);
    return device_state_take_image(&h->w.c, &h->state, (struct bytes){image, n}, seq) == E_OK &&
           device_state_save(h->path, false, &h->state, &why) == E_OK;
}

static void open_host(struct host *h)
{
    world_open(&h->w);
    memset(&h->state, 0, sizeof h->state);
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &h->state.imei));
    assert_ok(imsi_parse(BYTES_LIT(WORLD_IMSI), &h->state.imsi));
    h->state.usim.keys = h->w.keys;
    h->state.me.has_kme = true;
    h->state.me.kme = h->w.kme;
    h->w.host.store = store_in_file;
    h->w.host.ctx = h;
    strcpy(h->path, "/tmp/device_image_test.XXXXXX");
    int fd = mkstemp(h->path);
    assert_true(fd >= 0);
    close(fd);
    world_boot(&h->w, false);
}

static void close_host(struct host *h)
{
    unlink(h->path);
    world_close(&h->w);
}

static void reload(struct host *h)
{
    struct device_why why;
    memset(&h->state, 0, sizeof h->state);
    assert_ok(device_state_load(h->path, &h->state, &why));
    assert_ok(device_state_image(&h->w.c, &h->state, MBYTES_OF(h->w.image), &h->w.image_n));
    memcpy(h->w.sequences, h->state.usim.seq, sizeof h->w.sequences);
    world_boot(&h->w, true);
}

static void a_file_carries_a_device_over_a_crash(void **state)
{
    struct host h;
    struct nas_attach_request m;
    (void)state;
    open_host(&h);
    world_register(&h.w);
    reload(&h);
    assert_true(h.state.has_nas);
    assert_true(h.state.nas.has_security);
    world_camp(&h.w, 1);
    world_attach(&h.w);
    assert_true(h.w.up.has_guti);
    net_expect_attach(&h.w, &m);
    assert_int_equal(m.ksi, 1);
    net_accept(&h.w);
    close_host(&h);
}

static void a_challenge_answered_is_in_the_file_before_its_answer_leaves(void **state)
{
    struct host h;
    struct device_state file;
    struct device_why why;
    (void)state;
    open_host(&h);
    world_begin(&h.w);
    net_challenge(&h.w, &h.w.kme);
    assert_ok(device_state_load(h.path, &file, &why));
    assert_true(file.me.answered);
    assert_memory_equal(file.me.last_rand, h.w.vector.rand, 16);
    assert_int_equal(usim_sqn_ms(&file.usim), h.w.sqn);
    close_host(&h);
}

static void a_foreign_or_missing_image_changes_nothing(void **state)
{
    struct host h;
    uint8_t image[BINDERY_UE_IMAGE_MAX];
    size_t n = 0;
    uint64_t seq[SQN_IND_COUNT] = {0};
    (void)state;
    open_host(&h);
    assert_err(device_state_image(&h.w.c, &h.state, MBYTES_OF(image), &n), E_NOT_FOUND);
    world_register(&h.w);
    assert_ok(device_state_image(&h.w.c, &h.state, MBYTES_OF(image), &n));
    assert_ok(imsi_parse(BYTES_LIT("001010000000009"), &h.state.imsi));
    struct device_state before = h.state;
    assert_err(device_state_take_image(&h.w.c, &h.state, (struct bytes){image, n}, seq),
               E_CONFLICT);
    image[9] ^= 1;
    assert_err(device_state_take_image(&h.w.c, &h.state, (struct bytes){image, n}, seq), E_BAD_MAC);
    assert_memory_equal(&before, &h.state, sizeof before);
    close_host(&h);
}

static void bad_nas_members_are_named(void **state)
{
    struct host h;
    struct device_state t;
    struct device_why why;
    json_error_t at;
    static const struct {
        const char *key, *part;
    } cases[] = {{"guti", "nas.guti."},        {"last_tai", "nas.last_tai."},
                 {"tai_list", "nas.tai_list"}, {"t3346_ms", "nas.t3346_ms"},
                 {"security", "nas.security"}, {"more", "nas.more"}};
    (void)state;
    open_host(&h);
    world_register(&h.w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *o = json_load_file(h.path, 0, &at);
        json_object_set_new(json_object_get(o, "nas"), cases[i].key, json_pack("[i]", 1));
        char *text = json_dumps(o, 0);
        assert_int_not_equal(device_state_parse("x", bytes_of_str(text), &t, &why), E_OK);
        assert_non_null(strstr(why.text, cases[i].part));
        free(text);
        json_decref(o);
    }
    close_host(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_carries_a_device_over_a_crash),
        cmocka_unit_test(a_challenge_answered_is_in_the_file_before_its_answer_leaves),
        cmocka_unit_test(a_foreign_or_missing_image_changes_nothing),
        cmocka_unit_test(bad_nas_members_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
