/* Writing a device state file: src/device/linux/state_file.h. */
#include "device/linux/state_parts.h"

#include "device/linux/base64.h"

json_t *device_hex_json(struct bytes in)
{
    char text[2 * KME_MODULUS_MAX + 1];
    hex_encode(in, text);
    json_t *s = json_string(text);
    wipe(text, sizeof text);
    return s;
}

/* A list that lacks what there was no memory for is none: the file would be another one, or none
 * that can be read again. */
json_t *device_json_append(json_t *list, json_t *v)
{
    if (json_array_append_new(list, v) != 0) {
        json_decref(list);
        return NULL;
    }
    return list;
}

json_t *device_usim_json(const struct imsi *imsi, const struct usim *usim, uint8_t mnc_n)
{
    const struct aka_keys *k = &usim->keys;
    json_t *seq = json_array();
    for (size_t i = 0; i < SQN_IND_COUNT; i++) {
        seq = device_json_append(seq, json_integer((json_int_t)usim->seq[i]));
    }
    json_t *o = json_pack(
        "{s:s, s:s, s:o, s:o, s:i, s:i, s:o}", "imsi", imsi->digits, "algorithm",
        aka_algorithm_name(k->algorithm), "k", device_hex_json((struct bytes){k->k.b, k->k.n}),
        "opc", device_hex_json((struct bytes){k->opc.b, k->opc.n}), "res_length", (int)k->res_len,
        "keccak_iterations", (int)k->keccak_iterations, "seq", seq);
    if (o != NULL && mnc_n != 0 && json_object_set_new(o, "mnc_length", json_integer(mnc_n)) != 0) {
        json_decref(o);
        o = NULL;
    }
    return o;
}

static json_t *last_json(const struct binding_me *me)
{
    const struct usim_answer *a = &me->last_answer;
    if (!me->answered) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:i, s:I}", "rand",
                     device_hex_json(BYTES_OF(me->last_rand)), "res",
                     device_hex_json((struct bytes){a->res.b, a->res.n}), "ck",
                     device_hex_json(BYTES_OF(a->ck.b)), "ik", device_hex_json(BYTES_OF(a->ik.b)),
                     "amf", (int)a->amf, "sqn", (json_int_t)a->sqn);
}

static json_t *guti_json(const struct device_nas *nas)
{
    char plmn[PLMN_TEXT_MAX];
    if (!nas->has_guti) {
        return json_null();
    }
    plmn_print(&nas->guti.plmn, plmn);
    return json_pack("{s:s, s:i, s:i, s:I}", "plmn", plmn, "mme_group", (int)nas->guti.mme_group_id,
                     "mme_code", (int)nas->guti.mme_code, "m_tmsi", (json_int_t)nas->guti.m_tmsi);
}

static json_t *tai_json(const struct device_nas *nas)
{
    char plmn[PLMN_TEXT_MAX];
    if (!nas->has_last_tai) {
        return json_null();
    }
    plmn_print(&nas->last_tai.plmn, plmn);
    return json_pack("{s:s, s:i}", "plmn", plmn, "tac", (int)nas->last_tai.tac);
}

static json_t *nas_json(const struct device_state *s)
{
    const struct device_nas *nas = &s->nas;
    if (!s->has_nas) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o, s:I, s:o}", "guti", guti_json(nas), "last_tai", tai_json(nas),
                     "tai_list", device_hex_json((struct bytes){nas->tai_list, nas->tai_list_n}),
                     "t3346_ms", (json_int_t)nas->t3346_ms, "security",
                     nas->has_security ? device_hex_json(BYTES_OF(nas->security)) : json_null());
}

static json_t *identity_json(const struct device_key *key)
{
    char pem[SIGNER_PEM_MAX];
    json_t *o = NULL;
    if (signer_openssl_to_pem((struct bytes){key->der, key->n}, pem) == E_OK) {
        o = json_pack("{s:s, s:s}", "algorithm", devid_algorithm_name(key->algorithm), "key", pem);
    }
    wipe(pem, sizeof pem);
    return o;
}

static json_t *pending_json(const struct kme_pending *p)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "kme", device_hex_json(BYTES_OF(p->kme.b)), "nonce",
                     device_hex_json(BYTES_OF(p->nonce)), "nw_sig",
                     device_hex_json(BYTES_OF(p->xnw_sig)), "encrypted",
                     device_hex_json((struct bytes){p->encrypted, p->n}));
}

static json_t *lot_json(const struct kme_lot *lot)
{
    return json_pack("{s:s, s:o}", "id", lot->id.text, "modulus",
                     device_hex_json((struct bytes){lot->modulus, lot->modulus_n}));
}

json_t *device_base64_json(struct bytes in)
{
    char text[BASE64_LENGTH(DEVICE_ROOTS_LEN) + 1];
    struct wr w = wr_of((struct mbytes){(uint8_t *)text, sizeof text});
    base64_write(&w, in);
    json_t *s = w.err == E_OK ? json_stringn(text, w.n) : NULL;
    wipe(text, sizeof text);
    return s;
}

static json_t *networks_json(const struct device_onboarding *d)
{
    json_t *list = json_array();
    char plmn[PLMN_TEXT_MAX];
    for (size_t i = 0; i < d->n_networks; i++) {
        plmn_print(&d->network[i], plmn);
        list = device_json_append(list, json_string(plmn));
    }
    return list;
}

static json_t *onboarding_json(const struct device_onboarding *d)
{
    char pem[SIGNER_PEM_MAX];
    json_t *roots = json_array(), *o = NULL;
    for (size_t i = 0; i < d->n_roots; i++) {
        roots = device_json_append(roots, device_base64_json(device_root(d, i)));
    }
    if (signer_openssl_to_pem((struct bytes){d->key, d->key_n}, pem) == E_OK) {
        o = json_pack("{s:s, s:s, s:s, s:O}", "url", d->url, "algorithm",
                      d->form == CERTATTACH_RSA ? "rsa" : "p256", "key", pem, "roots", roots);
    }
    if (o != NULL && d->n_networks > 0 &&
        json_object_set_new(o, "networks", networks_json(d)) != 0) {
        json_decref(o);
        o = NULL;
    }
    json_decref(roots);
    wipe(pem, sizeof pem);
    return o;
}

static json_t *profile_json(const struct device_profile *p)
{
    json_t *apns = json_array();
    char home[PLMN_TEXT_MAX];
    plmn_print(&p->home, home);
    for (size_t i = 0; i < p->n_apns; i++) {
        apns = device_json_append(apns, json_string(p->apns[i]));
    }
    return json_pack("{s:b, s:b, s:i, s:s, s:s, s:o}", "confirmed", (int)p->trial.confirmed,
                     "challenged", (int)p->trial.challenged, "failures", (int)p->trial.failures,
                     "home", home, "policy", binding_policy_name((enum binding_policy)p->policy),
                     "apns", apns);
}

/* What stands there only with something in it: other files stay what they were. */
static bool add_more(json_t *o, const struct device_state *s)
{
    return (!s->pending.present ||
            json_object_set_new(o, "kme_pending", pending_json(&s->pending)) == 0) &&
           (s->lot.modulus_n == 0 || json_object_set_new(o, "lot", lot_json(&s->lot)) == 0) &&
           (s->identity.n == 0 ||
            json_object_set_new(o, "identity", identity_json(&s->identity)) == 0) &&
           (!s->has_nas || json_object_set_new(o, "nas", nas_json(s)) == 0) &&
           (s->onboarding.form == 0 ||
            json_object_set_new(o, "onboarding", onboarding_json(&s->onboarding)) == 0) &&
           (!s->profile.present ||
            json_object_set_new(o, "profile", profile_json(&s->profile)) == 0) &&
           (s->se.key.n == 0 ||
            json_object_set_new(o, "secure_element", device_se_json(&s->se)) == 0) &&
           (s->discovery.slot == 0 ||
            json_object_set_new(o, "discovery", device_discovery_json(s)) == 0);
}

json_t *device_state_json(const struct device_state *s)
{
    char imei[IMEI_DIGITS + 2];
    imei_print(&s->imei, imei);
    json_t *o = json_pack(
        "{s:i, s:s, s:o, s:o, s:o}", "bindery_device", DEVICE_STATE_FORMAT, "imei", imei, "kme",
        s->me.has_kme ? device_hex_json(BYTES_OF(s->me.kme.b)) : json_null(), "usim",
        s->imsi.n > 0 ? device_usim_json(&s->imsi, &s->usim, s->mnc_n) : json_null(), "last",
        last_json(&s->me));
    if (o != NULL && !add_more(o, s)) {
        json_decref(o);
        o = NULL;
    }
    return o;
}
