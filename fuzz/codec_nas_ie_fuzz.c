/* Any octets as the value of every element and as every container; what was accepted must be
 * written and parse to the same again. */
#include "codec/nas_container.h"
#include "codec/nas_ie.h"
#include <stdlib.h>
#include <string.h>

union any_container {
#define X(name, type, list) struct nas_##name name;
    NAS_CONTAINERS(X)
#undef X
};

static void must(bool right)
{
    if (!right) {
        abort();
    }
}

static void containers(struct bytes in)
{
    static union any_container c;
    uint8_t type;
    if (nas_container_type(in, &type) != E_OK) {
        return;
    }
    const struct nas_container *as = nas_container_of(type);
    if (nas_container_parse(as, in, &c) == E_OK) {
        uint8_t *out = malloc(in.n);
        struct bytes value;
        must(nas_container_write(as, &c, (struct mbytes){out, in.n}, &value) == E_OK);
        must(bytes_eq(value, in));
        free(out);
    }
}

static void identities(struct bytes in)
{
    uint8_t out[NAS_IDENTITY_MAX];
    struct bytes value, again;
    uint8_t twice[NAS_IDENTITY_MAX];
    struct nas_eps_identity eps;
    struct nas_identity id;
    if (nas_eps_identity_parse(in, &eps) == E_OK) {
        must(nas_eps_identity_write(&eps, MBYTES_OF(out), &value) == E_OK);
        must(nas_eps_identity_parse(value, &eps) == E_OK);
        must(nas_eps_identity_write(&eps, MBYTES_OF(twice), &again) == E_OK);
        must(bytes_eq(value, again));
    }
    if (nas_identity_parse(in, &id) == E_OK) {
        must(nas_identity_write(&id, MBYTES_OF(out), &value) == E_OK);
        must(nas_identity_parse(value, &id) == E_OK);
        must(nas_identity_write(&id, MBYTES_OF(twice), &again) == E_OK);
        must(bytes_eq(value, again));
    }
}

static void places(struct bytes in)
{
    struct nas_tai tai;
    struct nas_tai_list list, back;
    uint8_t one[NAS_TAI_LEN];
    uint8_t out[NAS_TAI_LIST_LEN];
    struct bytes value;
    if (nas_tai_parse(in, &tai) == E_OK) {
        nas_tai_write(&tai, one);
        must(memcmp(one, in.p, sizeof one) == 0);
    }
    if (nas_tai_list_parse(in, &list) == E_OK) {
        must(nas_tai_list_write(&list, MBYTES_OF(out), &value) == E_OK);
        must(nas_tai_list_parse(value, &back) == E_OK && back.n == list.n);
        for (size_t i = 0; i < list.n; i++) {
            must(nas_tai_eq(&list.tai[i], &back.tai[i]));
        }
    }
}

static void sessions(struct bytes in)
{
    char text[NAS_APN_TEXT_MAX];
    char name[NAS_NETWORK_NAME_TEXT_MAX];
    uint8_t out[NAS_APN_MAX];
    struct bytes value;
    struct nas_pdn_address address;
    struct nas_apn_ambr ambr;
    struct nas_eps_qos qos;
    if (nas_apn_to_text(in, text) == E_OK) {
        must(nas_apn_from_text(bytes_of_str(text), MBYTES_OF(out), &value) == E_OK);
        must(bytes_eq(value, in));
    }
    if (nas_network_name_to_text(in, name) == E_OK && name[0] != '\0') {
        must(nas_network_name_from_text(bytes_of_str(name), MBYTES_OF(out), &value) == E_OK);
    }
    if (nas_pdn_address_parse(in, &address) == E_OK) {
        must(nas_pdn_address_write(&address, MBYTES_OF(out), &value) == E_OK);
    }
    if (nas_apn_ambr_parse(in, &ambr) == E_OK) {
        struct nas_apn_ambr back;
        if (nas_apn_ambr_write(&ambr, MBYTES_OF(out), &value) == E_OK) {
            must(nas_apn_ambr_parse(value, &back) == E_OK);
            must(back.down_kbps == ambr.down_kbps && back.up_kbps == ambr.up_kbps);
        }
    }
    (void)!nas_eps_qos_parse(in, &qos);
}

static void capabilities(struct bytes in)
{
    uint8_t out[NAS_UE_SECURITY_CAPABILITY_MAX];
    struct bytes value;
    if (nas_ue_security_capability(in, in, out, &value) == E_OK) {
        must(nas_ue_security_capability_eq(value, value));
        must(nas_ue_supports_eea(in, 2) == nas_ue_supports_eea(value, 2));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, size};
    containers(in);
    identities(in);
    places(in);
    sessions(in);
    capabilities(in);
    return 0;
}
