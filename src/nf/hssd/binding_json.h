/* nf/hssd/binding_json.h - a binding as repositories and certificate sites write it in JSON
 * (docs/openapi/repod.yaml), read into octets: what repository_answer.c and onboard_answer.c share.
 *
 * Only shapes are looked at. Whether a record is to be believed is proc/devid.h's.
 */
#ifndef BINDERY_NF_HSSD_BINDING_JSON_H
#define BINDERY_NF_HSSD_BINDING_JSON_H

#include "proc/devid.h"
#include <jansson.h>

/* Octets, one behind the other in room of the caller's. */
struct json_octets {
    struct mbytes room;
    size_t used;
};
/* The text of a string; empty for what is none. */
struct bytes json_text(const json_t *v);
/* Base64, the one way, of an octet or more. */
bool json_take_base64(struct json_octets *o, const json_t *v, struct bytes *out);
/* The SHA-256 of a signer's key as hex digits. */
bool json_take_signer(struct json_octets *o, const json_t *v, struct bytes *out);
/* A list of 1 to DEVID_CHAIN_MAX. */
bool json_take_chain(struct json_octets *o, const json_t *list,
                     struct bytes out[static DEVID_CHAIN_MAX], size_t *n);
/* A binding, FOUND or REVOKED, and its record. What the record says goes; that JSON says some of it
 * as well is for people. A revocation has no key. */
bool json_take_binding(struct json_octets *o, const json_t *v, struct devid_credential *out,
                       struct binding_record *record);

#endif
