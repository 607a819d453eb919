/* The paths of operators: part of src/nf/rsmfd/rsmfd.h. */
#include "nf/rsmfd/rsmfd_parts.h"

#include <string.h>

#define OK      200u
#define CREATED 201u
#define AUSF    (1U << VERIFY_ROLE_AUSF)

/* By a dNSName, which its CA looked at; a common name is none. */
static const struct plmn *operator_of(const struct rsmfd *r, const struct https_api_call *c)
{
    const struct verify_peer *peer = c->call.peer;
    return rsmfd_config_operator(r->config, peer->dns_named ? peer->name : "");
}

bool rsmfd_admit_operator(void *ctx, struct https_api_call *c)
{
    const struct rsmfd *r = ctx;
    if (operator_of(r, c) == NULL) {
        https_api_refuse_as(c, HTTPS_API_NOT_ALLOWED, "no operator of this name may deliver");
        return false;
    }
    return true;
}

/* It was admitted, but the list may have changed while its body came. */
static const struct plmn *owner_of(struct rsmfd *r, struct https_api_call *c)
{
    const struct plmn *owner = operator_of(r, c);
    if (owner == NULL) {
        https_api_refuse_as(c, HTTPS_API_NOT_ALLOWED, NULL);
    }
    return owner;
}

static void put_delivery(void *ctx, struct https_api_call *c)
{
    struct rsmfd *r = ctx;
    uint8_t room[DELIVERY_PROFILE_MAX];
    struct delivery_row row = {.serial = 0};
    bool made = false;
    const struct plmn *owner = owner_of(r, c);
    if (owner == NULL) {
        return;
    }
    row.owner = *owner;
    memcpy(row.se, c->digest, sizeof row.se);
    https_api_imsi(c, "imsi", &row.imsi);
    struct bytes profile = https_api_base64(c, "profile", MBYTES_OF(room));
    if (https_api_ok(c)) {
        enum deliveries_result result =
            deliveries_put(&r->deliveries, &row, profile, rsmfd_wall(r), &made);
        if (result == DELIVERIES_DONE || result == DELIVERIES_SAME) {
            rsmfd_tell(r, "delivery-ready", &row, result == DELIVERIES_SAME);
            https_api_show(c, made ? CREATED : OK, rsmfd_view(&row));
        } else {
            rsmfd_refuse(c, result);
        }
    }
    wipe(room, sizeof room);
}

static void delete_delivery(void *ctx, struct https_api_call *c)
{
    struct rsmfd *r = ctx;
    struct delivery_row row;
    const struct plmn *owner = owner_of(r, c);
    if (owner == NULL) {
        return;
    }
    enum deliveries_result result =
        deliveries_withdraw(&r->deliveries, c->digest, owner, rsmfd_wall(r), &row);
    if (result == DELIVERIES_DONE || result == DELIVERIES_SAME) {
        rsmfd_tell(r, "delivery-withdrawn", &row, result == DELIVERIES_SAME);
        https_api_show(c, OK, rsmfd_view(&row));
    } else {
        rsmfd_refuse(c, result);
    }
}

static void get_delivery(void *ctx, struct https_api_call *c)
{
    struct rsmfd *r = ctx;
    struct delivery_row row;
    const struct plmn *owner = owner_of(r, c);
    if (owner == NULL) {
        return;
    }
    enum err err = delivery_store_find(r->deliveries.store, c->digest, owner, &row);
    if (err == E_OK) {
        https_api_show(c, OK, rsmfd_view(&row));
    } else {
        rsmfd_refuse(c, err == E_NOT_FOUND ? DELIVERIES_NOT_FOUND : DELIVERIES_STORE);
    }
}

static void get_changes(void *ctx, struct https_api_call *c)
{
    struct rsmfd *r = ctx;
    uint64_t after = 0;
    size_t limit = 0;
    json_t *page = NULL;
    const struct plmn *owner = owner_of(r, c);
    if (owner == NULL || !https_api_param_number(c, "after", 0, INT64_MAX / 10, &after) ||
        !https_api_param_limit(c, &limit)) {
        return;
    }
    if (rsmfd_view_page(r, owner, after, limit, &page) != E_OK) {
        rsmfd_refuse(c, DELIVERIES_STORE);
        return;
    }
    https_api_show(c, OK, page);
}

#define ONE "/v1/deliveries/{se}"
const struct https_api_route rsmfd_operator_routes[] = {
    {"PUT", ONE, AUSF, .members = " imsi profile ", .secret = true, .handle = put_delivery},
    {"DELETE", ONE, AUSF, .handle = delete_delivery},
    {"GET", ONE, AUSF, .handle = get_delivery},
    {"GET", "/v1/deliveries", AUSF, .parameters = " after limit ", .handle = get_changes},
};
const size_t rsmfd_operator_routes_n =
    sizeof rsmfd_operator_routes / sizeof rsmfd_operator_routes[0];
