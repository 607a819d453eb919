/* What a first message says of who sent it, and how it is turned away: emm_claim.c. */
#include "lib/check.h"
#include "mmed/emm_rig.h"

static struct rig g;

static struct emm_claim claim(struct bytes pdu)
{
    struct emm_claim out;
    uint8_t *exact = exact_copy(pdu);
    emm_claim((struct bytes){exact, pdu.n}, &out);
    free(exact);
    return out;
}

/* Every kind of message that may come first, in clear and protected, and some that may not. */
enum { SAMPLES = 12 };
static struct bytes sample(int i)
{
    static const uint8_t other[] = {NAS_PD_EMM, NAS_IDENTITY_RESPONSE, 1, 0x01};
    static const uint8_t esm[] = {NAS_PD_ESM, 1, NAS_PDN_CONNECTIVITY_REQUEST, 0x11};
    static const uint8_t extended[] = {NAS_PD_EMM, NAS_EXTENDED_SERVICE_REQUEST, 0x08};
    rig_secure(&g, 0x31, 1);
    g.by_guti = i == 1 || i == 3;
    switch (i) {
    case 0:
    case 1:
        return rig_attach_request(&g, NAS_SHT_PLAIN);
    case 2:
    case 3:
        return rig_attach_request(&g, NAS_SHT_INTEGRITY);
    case 4:
        return rig_attach_request(&g, NAS_SHT_CIPHERED);
    case 5:
        return rig_update_request(&g, NAS_SHT_PLAIN, 0);
    case 6:
        return rig_update_request(&g, NAS_SHT_INTEGRITY, 0);
    case 7:
        return rig_detach_request(&g, NAS_SHT_PLAIN, false);
    case 8:
        return rig_service_request(&g);
    case 9:
        return rig_protect(&g, NAS_SHT_INTEGRITY, BYTES_OF(extended));
    case 10:
        return BYTES_OF(other);
    default:
        return BYTES_OF(esm);
    }
}

static const struct {
    int kind;
    bool attach, reject;
    uint8_t answer; /* when nobody is let in; 0: none */
} of[SAMPLES] = {
    {EMM_CLAIM_IMSI, true, true, NAS_ATTACH_REJECT},
    {EMM_CLAIM_GUTI, true, true, NAS_ATTACH_REJECT},
    {EMM_CLAIM_IMSI, true, true, NAS_ATTACH_REJECT},
    {EMM_CLAIM_GUTI, true, true, NAS_ATTACH_REJECT},
    {EMM_CLAIM_NONE, false, false, 0}, /* nobody can look inside */
    {EMM_CLAIM_GUTI, false, true, NAS_TRACKING_AREA_UPDATE_REJECT},
    {EMM_CLAIM_GUTI, false, true, NAS_TRACKING_AREA_UPDATE_REJECT},
    {EMM_CLAIM_IMSI, false, false, 0},
    {EMM_CLAIM_NONE, false, true, NAS_SERVICE_REJECT},
    {EMM_CLAIM_NONE, false, true, NAS_SERVICE_REJECT},
    {EMM_CLAIM_NONE, false, false, 0},
    {EMM_CLAIM_NONE, false, false, 0},
};

static void each_message_says_who_it_is_from_as_far_as_it_can_be_read(void **state)
{
    (void)state;
    rig_open(&g);
    for (int i = 0; i < SAMPLES; i++) {
        struct emm_claim c = claim(sample(i));
        assert_int_equal(c.kind, of[i].kind);
        assert_int_equal(c.attach, of[i].attach);
        if (c.kind == EMM_CLAIM_IMSI) {
            assert_string_equal(c.imsi.digits, g.imsi);
        }
        if (c.kind == EMM_CLAIM_GUTI) {
            assert_int_equal(c.guti.m_tmsi, g.guti);
            assert_true(plmn_eq(&c.guti.plmn, &g.config.plmn));
            assert_int_equal(c.guti.mme_group_id, 2);
            assert_int_equal(c.guti.mme_code, 1);
        }
    }
    rig_close(&g);
}

static void an_equipment_identity_is_no_subscriber(void **state)
{
    (void)state;
    static const uint8_t attach[] = {0x07, NAS_ATTACH_REQUEST,
                                     0x76, 8,
                                     0x3b, 0x65,
                                     0x39, 0x08,
                                     0x53, 0x46,
                                     0x83, 0x09,
                                     2,    0xf0,
                                     0x70, 0,
                                     4,    0x02,
                                     0x01, 0xd0,
                                     0x11};
    struct emm_claim c = claim(BYTES_OF(attach));
    assert_int_equal(c.kind, EMM_CLAIM_IMEI);
    assert_true(c.attach);
}

static void no_prefix_says_more_than_the_whole(void **state)
{
    (void)state;
    rig_open(&g);
    for (int i = 0; i < SAMPLES; i++) {
        struct bytes whole = sample(i);
        for (size_t n = 0; n < whole.n; n++) {
            struct emm_claim c = claim((struct bytes){whole.p, n});
            assert_true(c.kind == EMM_CLAIM_NONE || (int)c.kind == of[i].kind);
        }
    }
    rig_close(&g);
}

/* ---- nobody is let in ------------------------------------------------------------------------ */

static void each_message_is_turned_away_with_the_answer_that_belongs_to_it(void **state)
{
    (void)state;
    uint8_t room[64];
    union nas_any m;
    rig_open(&g);
    for (int i = 0; i < SAMPLES; i++) {
        for (uint32_t t3346 = 0; t3346 <= 660; t3346 += 660) {
            size_t n = 0;
            struct nas_pdu head;
            enum err err = emm_turn_away(sample(i), 22, t3346, MBYTES_OF(room), &n);
            assert_int_equal(err, of[i].reject ? E_OK : E_BAD_STATE);
            if (err != E_OK) {
                continue;
            }
            assert_ok(nas_peek((struct bytes){room, n}, &head));
            assert_int_equal(head.type, of[i].answer);
            assert_int_equal(room[2], 22);
            const struct nas_message *as = nas_message_of(head.type, NAS_DOWN);
            assert_ok(nas_parse(as, (struct bytes){room, n}, &m, NULL));
            struct nas_u8 got = head.type == NAS_ATTACH_REJECT ? m.attach_reject.t3346
                                : head.type == NAS_SERVICE_REJECT
                                    ? m.service_reject.t3346
                                    : m.tracking_area_update_reject.t3346;
            assert_int_equal(got.present, t3346 != 0);
            assert_true(t3346 == 0 || nas_timer_seconds(got.v) == 660);
        }
    }
    rig_close(&g);
}

static void a_prefix_is_turned_away_or_left_alone_and_too_little_room_is_said(void **state)
{
    (void)state;
    rig_open(&g);
    for (int i = 0; i < SAMPLES; i++) {
        uint8_t room[64];
        struct bytes whole = sample(i);
        uint8_t *copy = exact_copy(whole);
        for (size_t n = 0; n <= whole.n; n++) {
            uint8_t *prefix = exact_copy((struct bytes){copy, n});
            size_t written = 0;
            enum err err =
                emm_turn_away((struct bytes){prefix, n}, 22, 600, MBYTES_OF(room), &written);
            assert_true(err == E_OK || err == E_BAD_STATE);
            for (size_t cap = 0; err == E_OK && cap < written; cap++) {
                uint8_t *exact = malloc(cap + 1);
                size_t unused = 0;
                assert_err(emm_turn_away((struct bytes){prefix, n}, 22, 600,
                                         (struct mbytes){exact, cap}, &unused),
                           E_NO_ROOM);
                free(exact);
            }
            free(prefix);
        }
        free(copy);
    }
    rig_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_says_who_it_is_from_as_far_as_it_can_be_read),
        cmocka_unit_test(an_equipment_identity_is_no_subscriber),
        cmocka_unit_test(no_prefix_says_more_than_the_whole),
        cmocka_unit_test(each_message_is_turned_away_with_the_answer_that_belongs_to_it),
        cmocka_unit_test(a_prefix_is_turned_away_or_left_alone_and_too_little_room_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
