/* The paths of devices: part of src/nf/rsmfd/rsmfd.h. */
#include "nf/rsmfd/rsmfd_parts.h"

#include "nf/common/base64.h"
#include "nf/common/dimsi_json.h"

#include <string.h>

#define OK     200u
#define DEVICE (1U << VERIFY_ROLE_DEVICE)

/* A filter, and no more: an address proves nothing. */
/*= dimsi-rsmf-who */
bool rsmfd_admit_device(void *ctx, struct https_api_call *c)
{
    const struct rsmfd *r = ctx;
    if (!rsmfd_config_source(r->config, c->call.from)) {
        https_api_refuse(c, dimsi_status(DIMSI_SOURCE), dimsi_cause_name(DIMSI_SOURCE),
                         dimsi_cause_sentence(DIMSI_SOURCE), NULL);
        return false;
    }
    return true;
}

static void refuse_device(struct https_api_call *c, enum deliveries_result result,
                          enum dimsi_cause why)
{
    if (result != DELIVERIES_DEVICE) {
        rsmfd_refuse(c, result);
        return;
    }
    https_api_refuse(c, dimsi_status(why), dimsi_cause_name(why), dimsi_cause_sentence(why), NULL);
}

/* The path names the device that asks, and no other: whatever there is for that one, the answer is
 * the same. */
/*= dimsi-rsmf-who dimsi-11-tunnel */
static bool is_its_own(struct https_api_call *c)
{
    if (!crypto_ct_eq(BYTES_OF(c->digest), BYTES_OF(c->call.peer->digest))) {
        refuse_device(c, DELIVERIES_DEVICE, DIMSI_OTHER_DEVICE);
        return false;
    }
    return true;
}

/* The operator by whose name it came here. To which others this is the RSMF too is nobody's to
 * know: an unknown name has the same answer as one without a profile. */
/*= dimsi-rsmf-operators */
static bool device_of(const struct rsmfd *r, struct https_api_call *c,
                      struct deliveries_device *out)
{
    const char *host = https_host(&c->call);
    const struct plmn *owner = host != NULL ? rsmfd_config_asked(r->config, host) : NULL;
    if (owner == NULL) {
        refuse_device(c, DELIVERIES_DEVICE, DIMSI_OTHER_DEVICE);
        return false;
    }
    memcpy(out->se, c->call.peer->digest, sizeof out->se);
    out->owner = *owner;
    return true;
}

/* base64 of a profile, in JSON that is wiped when it has left. */
static void show_profile(struct https_api_call *c, struct bytes profile)
{
    char text[BASE64_ROOM(DELIVERY_PROFILE_MAX)];
    base64_encode(profile, text);
    https_api_show(c, OK, json_pack("{s:s}", "profile", text));
    wipe(text, sizeof text);
}

static void put_profile(void *ctx, struct https_api_call *c)
{
    struct rsmfd *r = ctx;
    uint8_t request[DIMSI_REQUEST_LEN], profile[DELIVERY_PROFILE_MAX];
    enum dimsi_cause why = DIMSI_NONE;
    struct deliveries_device device;
    struct delivery_row row;
    size_t n = 0;
    https_api_hex(c, "request", MBYTES_OF(request));
    if (!https_api_ok(c) || !is_its_own(c) || !device_of(r, c, &device)) {
        return;
    }
    struct address_text from = address_print_ip(c->call.from);
    enum deliveries_result result = deliveries_fetch(&r->deliveries, &device, request, from.s,
                                                     rsmfd_wall(r), &row, profile, &n, &why);
    if (result == DELIVERIES_DONE || result == DELIVERIES_SAME) {
        rsmfd_tell(r, "delivery-fetched", &row, result == DELIVERIES_SAME);
        show_profile(c, (struct bytes){profile, n});
    } else {
        refuse_device(c, result, why);
    }
    wipe(profile, sizeof profile);
}

static void put_installed(void *ctx, struct https_api_call *c)
{
    struct rsmfd *r = ctx;
    uint8_t request[DIMSI_REQUEST_LEN];
    enum dimsi_cause why = DIMSI_NONE;
    struct deliveries_device device;
    struct delivery_row row;
    https_api_hex(c, "request", MBYTES_OF(request));
    if (!https_api_ok(c) || !is_its_own(c) || !device_of(r, c, &device)) {
        return;
    }
    enum deliveries_result result =
        deliveries_confirm(&r->deliveries, &device, request, rsmfd_wall(r), &row, &why);
    if (result == DELIVERIES_DONE || result == DELIVERIES_SAME) {
        rsmfd_tell(r, "delivery-confirmed", &row, result == DELIVERIES_SAME);
        https_api_show(c, OK, json_object());
    } else {
        refuse_device(c, result, why);
    }
}

#define OWN "/v1/profiles/{se}"
const struct https_api_route rsmfd_device_routes[] = {
    {"PUT", OWN, DEVICE, .members = " request ", .secret = true, .handle = put_profile},
    {"PUT", OWN "/installed", DEVICE, .members = " request ", .handle = put_installed},
};
const size_t rsmfd_device_routes_n = sizeof rsmfd_device_routes / sizeof rsmfd_device_routes[0];
