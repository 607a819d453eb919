/* test/proc/devid_scene.h - one attach of procedure devid up to its step 9, all well; a test spoils
 * what it wants and lets step 9 judge. */
#ifndef BINDERY_TEST_PROC_DEVID_SCENE_H
#define BINDERY_TEST_PROC_DEVID_SCENE_H

#include "proc/devid_rig.h"

/* One attach: what each party has in its hands when step 9 comes. The spans of a scene point into
 * it, so it stays where it is. */
struct scene {
    struct rig rig;
    struct devid_port port;
    struct key_kasme kasme;
    struct devid_challenge challenge;
    struct devid_proof proof;
    struct devid_asked asked;
    struct devid_credential credential;
    struct devid_outcome outcome;
};

static const uint8_t all_algorithms[] = {DEVID_ECDSA_P256, DEVID_ED25519, DEVID_ECDSA_P384,
                                         DEVID_RSA_PSS};

static inline struct plmn plmn_of(const char *text)
{
    struct plmn plmn;
    assert_ok(plmn_parse(bytes_of_str(text), &plmn));
    return plmn;
}

static inline enum err scene_sign(struct scene *s, const struct imei *imei,
                                  const struct devid_session *session)
{
    const struct devid_signer signer = rig_signer(&s->rig);
    return devid_device_sign(&s->rig.crypto, &s->challenge, imei, session, &signer, &s->proof);
}

/* Steps 3 to 8, all well. */
static inline void scene_open(struct scene *s, uint8_t algorithm, uint8_t form)
{
    rig_open(&s->rig, algorithm, form);
    s->port = rig_port(&s->rig);
    memset(s->kasme.b, 0x5a, sizeof s->kasme.b);
    assert_ok(devid_challenge_make(&s->rig.crypto, BYTES_OF(all_algorithms), &s->challenge));
    s->asked = (struct devid_asked){.challenge = &s->challenge,
                                    .proof = &s->proof,
                                    .imei = s->rig.record.imei,
                                    .session = {.plmn = plmn_of("001-01"), .kasme = &s->kasme},
                                    .at = RIG_AT};
    assert_ok(scene_sign(s, &s->asked.imei, &s->asked.session));
    s->credential = rig_credential(&s->rig);
}

static inline enum devid_cause scene_check(struct scene *s)
{
    devid_check(&s->rig.crypto, &s->port, &s->asked, &s->credential, &s->outcome);
    assert_int_equal(s->outcome.result, devid_cause_result(s->outcome.cause));
    return s->outcome.cause;
}

#endif
