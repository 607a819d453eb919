#include "nf/hssd/subscription.h"

#include <string.h>

/* TBCD: first digit in the low nibble, F-filled (TS 29.002). */
static struct bytes msisdn_fill(const char *digits, struct subscription_space *space)
{
    size_t n = strlen(digits);
    size_t octets = (n + 1) / 2;
    if (n == 0 || octets > sizeof space->msisdn) {
        return (struct bytes){NULL, 0};
    }
    for (size_t i = 0; i < octets; i++) {
        unsigned low = (unsigned)(digits[2 * i] - '0');
        unsigned high = 2 * i + 1 < n ? (unsigned)(digits[2 * i + 1] - '0') : 0xF;
        space->msisdn[i] = (uint8_t)(high << 4 | low);
    }
    return (struct bytes){space->msisdn, octets};
}

static struct s6a_ambr ambr_of(const struct hssd_ambr *a)
{
    return (struct s6a_ambr){.present = true,
                             .max_requested_bandwidth_ul = DIAMETER_U32_OF(a->uplink),
                             .max_requested_bandwidth_dl = DIAMETER_U32_OF(a->downlink)};
}

static struct s6a_allocation_retention_priority arp_of(const struct hssd_apn *apn)
{
    return (struct s6a_allocation_retention_priority){
        .present = true,
        .priority_level = DIAMETER_U32_OF(apn->arp_priority),
        .pre_emption_capability =
            DIAMETER_U32_OF(apn->arp_may_pre_empt ? S6A_MAY_PRE_EMPT : S6A_MAY_NOT_PRE_EMPT),
        .pre_emption_vulnerability =
            DIAMETER_U32_OF(apn->arp_pre_emptable ? S6A_PRE_EMPTABLE : S6A_NOT_PRE_EMPTABLE)};
}

static struct s6a_apn_configuration apn_of(const struct hssd_apn *apn)
{
    return (struct s6a_apn_configuration){
        .present = true,
        .context_identifier = DIAMETER_U32_OF(apn->context),
        .pdn_type = DIAMETER_U32_OF((uint32_t)apn->pdn_type),
        .service_selection = bytes_of_str(apn->name),
        .eps_subscribed_qos_profile = {.present = true,
                                       .qos_class_identifier = DIAMETER_U32_OF(apn->qci),
                                       .allocation_retention_priority = arp_of(apn)},
        .ambr = ambr_of(&apn->ambr)};
}

void subscription_fill(const struct hssd_profile *profile, const char *msisdn,
                       struct subscription_space *space, struct s6a_subscription_data *out)
{
    struct s6a_apn_configuration_profile *apns = &out->apn_configuration_profile;
    *out = (struct s6a_subscription_data){
        .present = true,
        .subscriber_status = DIAMETER_U32_OF(S6A_SERVICE_GRANTED),
        .msisdn = msisdn_fill(msisdn, space),
        .network_access_mode = DIAMETER_U32_OF(profile->network_access_mode),
        .access_restriction_data = DIAMETER_U32_OF(profile->access_restriction_data),
        .ambr = ambr_of(&profile->ambr)};
    if (profile->rau_tau_timer != 0) {
        out->subscribed_periodic_rau_tau_timer = DIAMETER_U32_OF(profile->rau_tau_timer);
    }
    apns->present = true;
    apns->context_identifier = DIAMETER_U32_OF(profile->default_context);
    apns->all_apn_configurations_included_indicator = DIAMETER_U32_OF(S6A_ALL_APN_INCLUDED);
    for (size_t i = 0; i < profile->n_apns; i++) {
        apns->apn_configuration[apns->apn_configuration_n++] = apn_of(&profile->apns[i]);
    }
}

/*= kme-enforced */
void subscription_bar(struct s6a_subscription_data *out)
{
    static const uint32_t all_packet_services = 1u << 0; /* 7.3.30 */
    *out = (struct s6a_subscription_data){
        .present = true,
        .subscriber_status = DIAMETER_U32_OF(S6A_BARRED_BY_OPERATOR),
        .operator_determined_barring = DIAMETER_U32_OF(all_packet_services),
        .network_access_mode = DIAMETER_U32_OF(S6A_ONLY_PACKET)};
}

bool subscription_allows_rat(const struct hssd_profile *profile, uint32_t rat_type)
{
    static const struct {
        uint32_t rat_type;
        uint32_t not_allowed;
    } bits[] = {
        {1000, 1u << 0}, /* UTRAN */
        {1001, 1u << 1}, /* GERAN */
        {1004, 1u << 4}, /* WB-E-UTRAN */
        {1005, 1u << 6}, /* NB-IoT */
    };
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        if (bits[i].rat_type == rat_type) {
            return (profile->access_restriction_data & bits[i].not_allowed) == 0;
        }
    }
    return true;
}
