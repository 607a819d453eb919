#include "nf/arpfd/release.h"

#include "nf/common/dimsi_port.h"

#include <stdio.h>
#include <string.h>

/* ---- what needs no record ---- */

/* CERT.AUSF.ECKA: of the operator that asks, and for that. */
static enum dimsi_cause ausf_key(const struct release_desk *desk,
                                 const struct release_request *request, struct release *out,
                                 const char **detail)
{
    char realm[REALM_TEXT_MAX];
    struct dimsi_name name;
    const enum dimsi_cause cause =
        dimsi_agreement_chain(desk->trust->clients, VERIFY_ROLE_AUSF, request->encrypt_to,
                              request->n_encrypt_to, desk->at, &name, out->ausf);
    plmn_realm(&request->asks, realm);
    if (cause == DIMSI_CRYPTO) {
        return cause;
    }
    if (cause != DIMSI_NONE) {
        *detail = dimsi_cause_sentence(cause);
        return DIMSI_AUSF_CERTIFICATE;
    }
    return strcmp(name.text, realm) == 0 ? DIMSI_NONE : DIMSI_AUSF_CERTIFICATE;
}

static enum dimsi_cause compute(const struct release_desk *desk, struct release *out)
{
    const enum err err = dimsi_arpf_ek(desk->crypto, &desk->trust->port, &out->offered, &out->ek);
    return err == E_OK          ? DIMSI_NONE
           : err == E_BAD_VALUE ? DIMSI_POINT
           : err == E_NOT_FOUND ? DIMSI_TOKEN_OTHER_ARPF
                                : DIMSI_CRYPTO;
}

/*= dimsi-0e-verify */
enum dimsi_cause release_prepare(const struct release_desk *desk,
                                 const struct release_request *request, struct release *out,
                                 const char **detail)
{
    *detail = NULL;
    enum dimsi_cause cause = dimsi_arpf_verify(desk->crypto, &desk->trust->port, &request->offer,
                                               &request->asks, desk->at, &out->offered);
    if (cause != DIMSI_NONE) {
        return cause;
    }
    if (!imsi_eq(&out->offered.atk.dimsi, &request->dimsi)) {
        *detail = "ATK is for another dIMSI than the address names";
        return DIMSI_UNREADABLE;
    }
    if (!arpfd_config_is_sp(desk->trust->config, out->offered.sp.text)) {
        *detail = "it is none of the service providers that this ARPF works for";
        return DIMSI_DELEGATION_SIGNATURE;
    }
    if (!arpfd_config_has_dimsi(desk->trust->config, out->offered.sp.text, &request->dimsi)) {
        *detail = "it is none of the dIMSIs of this service provider";
        return DIMSI_OUTSIDE;
    }
    cause = ausf_key(desk, request, out, detail);
    return cause == DIMSI_NONE ? compute(desk, out) : cause;
}

/* ---- the record ---- */

static bool name_of(const char *text, struct dimsi_name *out)
{
    return dimsi_name_parse(bytes_of_str(text), out) == E_OK;
}

static enum err held_of(const struct arpf_release *row, struct dimsi_release *out)
{
    *out = (struct dimsi_release){
        .number = row->number, .delegation = row->delegation, .revoked = row->revoked};
    memcpy(out->token, row->token, sizeof out->token);
    memcpy(out->se_digest, row->se, sizeof out->se_digest);
    return name_of(row->sp, &out->sp) && plmn_from_octets(row->target, &out->target) == E_OK ? E_OK
                                                                                             : E_IO;
}

static enum dimsi_cause endorse(const struct release_desk *desk, const struct release *r,
                                struct arpf_release *row)
{
    struct arpf_endorsed *e = &row->endorsed;
    struct dimsi_endorsement content = {.dimsi = r->offered.atk.dimsi,
                                        .target = r->offered.delegation.target,
                                        .number = row->number,
                                        .expiry =
                                            desk->at + desk->trust->config->endorsement_seconds};
    uint8_t octets[DIMSI_ENDORSEMENT_MAX];
    memcpy(content.token, r->offered.token, sizeof content.token);
    memcpy(content.se_digest, r->offered.atk.se_digest, sizeof content.se_digest);
    const struct bytes written = dimsi_endorsement_write(&content, octets);
    if (written.n == 0 || signer_sign(desk->trust->endorser, written, e->signature) != E_OK) {
        return DIMSI_CRYPTO;
    }
    memcpy(e->content, written.p, written.n);
    e->n = written.n;
    e->issued = desk->at;
    e->expires = content.expiry;
    memcpy(e->signer, eck_digest(desk->trust->endorser_chain), sizeof e->signer);
    return DIMSI_NONE;
}

static enum dimsi_cause record_new(const struct release_desk *desk, struct release *r,
                                   uint64_t number)
{
    const struct dimsi_offered *o = &r->offered;
    if (number > INT64_MAX) {
        return DIMSI_STORE;
    }
    r->row = (struct arpf_release){.dimsi = o->atk.dimsi,
                                   .number = number,
                                   .delegation = o->delegation.number,
                                   .released = desk->at,
                                   .times = 1};
    memcpy(r->row.token, o->token, sizeof r->row.token);
    memcpy(r->row.se, o->atk.se_digest, sizeof r->row.se);
    memcpy(r->row.sp, o->sp.text, sizeof r->row.sp);
    plmn_to_octets(&o->delegation.target, r->row.target);
    const enum dimsi_cause cause = endorse(desk, r, &r->row);
    if (cause != DIMSI_NONE) {
        return cause;
    }
    return arpf_store_release(desk->store, &r->row) == E_OK ? DIMSI_NONE : DIMSI_STORE;
}

/* Half of its time is left, and it is by the key that signs now? */
static bool still_good(const struct release_desk *desk, const struct arpf_endorsed *e)
{
    return e->expires - desk->at >= (e->expires - e->issued) / 2 && desk->at >= e->issued &&
           memcmp(e->signer, eck_digest(desk->trust->endorser_chain), sizeof e->signer) == 0;
}

/* The same as it was recorded, but for an endorsement that grew old; its number stays. */
static enum dimsi_cause record_again(const struct release_desk *desk, struct release *r,
                                     const struct arpf_release *held)
{
    const uint64_t delegation = r->offered.delegation.number;
    r->row = *held;
    r->row.times++;
    r->row.delegation = delegation > held->delegation ? delegation : held->delegation;
    r->again = true;
    if (!still_good(desk, &held->endorsed)) {
        const enum dimsi_cause cause = endorse(desk, r, &r->row);
        if (cause != DIMSI_NONE) {
            return cause;
        }
    }
    return arpf_store_again(desk->store, &r->row.dimsi, r->row.number, r->row.delegation,
                            &r->row.endorsed) == E_OK
               ? DIMSI_NONE
               : DIMSI_STORE;
}

/*= dimsi-release-once dimsi-release-again dimsi-0e-endorse */
enum dimsi_cause release_record(const struct release_desk *desk, struct release *r)
{
    struct arpf_release row = {.number = 0};
    struct dimsi_release held = {.number = 0};
    uint64_t revoked_to = 0;
    enum dimsi_cause why = DIMSI_NONE;
    enum err err = arpf_store_find(desk->store, &r->offered.atk.dimsi, &row);
    if (err == E_OK) {
        err = held_of(&row, &held);
    } else if (err == E_NOT_FOUND) {
        err = E_OK;
    }
    if (err == E_OK) {
        err = arpf_store_revoked(desk->store, r->offered.token, r->offered.sp.text, &revoked_to);
    }
    if (err != E_OK) {
        return DIMSI_STORE;
    }
    switch (dimsi_arpf_decide(&held, revoked_to, &r->offered, &why)) {
    case DIMSI_NEW:
        return record_new(desk, r, arpf_store_next(desk->store, held.number));
    case DIMSI_AGAIN:
        return record_again(desk, r, &row);
    case DIMSI_REFUSE:
        break;
    }
    return why;
}

/* ---- what leaves ---- */

/*= dimsi-box dimsi-0e-secret */
enum dimsi_cause release_seal(const struct release_desk *desk, struct release *r)
{
    uint8_t own[ECK_POINT_LEN], sent[ECK_COMPRESSED_LEN], secret[ECK_SECRET_LEN];
    const struct bytes endorsement = {r->row.endorsed.content, r->row.endorsed.n};
    enum err err = eck_fresh(BYTES_OF(r->ausf), own, secret);
    if (err == E_OK) {
        eck_compress(own, sent);
        err =
            dimsi_box_seal(desk->crypto, sent, secret, endorsement, &r->row.dimsi, &r->ek, r->box);
    }
    wipe(secret, sizeof secret);
    return err == E_OK ? DIMSI_NONE : DIMSI_CRYPTO;
}
