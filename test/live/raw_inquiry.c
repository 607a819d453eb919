/* test/live/raw_inquiry.c WORK REALM TCP MME COMMAND... - one request of an MME that asks for
 * credentials and reports proofs (test/live/inquiry.sh), and its answer in words:
 *
 *   ecr IMSI|- IMEI          2001 whitelisted -
 *   inquiry IMSI|- IMEI      2001 whitelisted found repository 0 public-key 17
 *                            2001 whitelisted unavailable repository-silent
 *   air IMSI                 2001 wanted|remembered|-
 *   ulr IMSI IMEI [RESULT [CAUSE] [FORM SERIAL]]      2001 */
#include "raw_link.h"

#include "codec/private.h"
#include "codec/s13.h"
#include "wire/devid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct raw_link link_;

static struct diameter_vendor_specific_application_id application(uint32_t id)
{
    return (struct diameter_vendor_specific_application_id){.present = true,
                                                            .vendor_id = DIAMETER_U32_OF(10415),
                                                            .auth_application_id =
                                                                DIAMETER_U32_OF(id)};
}

static uint32_t capabilities(struct raw_link *l)
{
    static const uint8_t loopback[] = {127, 0, 0, 1};
    uint8_t ip[18];
    struct bytes answer;
    size_t n = 0;
    struct diameter_cer cer = {.header = {.request = true, .hop_by_hop = 1, .end_to_end = 1},
                               .origin_host = bytes_of_str(l->host),
                               .origin_realm = bytes_of_str(l->at->realm)};
    struct diameter_capabilities *k = &cer.capabilities;
    k->host_ip_address[0] = diameter_address(BYTES_OF(loopback), ip);
    k->host_ip_address_n = 1;
    k->vendor_id = DIAMETER_U32_OF(RAW_OWN_VENDOR);
    k->product_name = BYTES_LIT("raw");
    k->vendor_specific_application_id[0] = application(DIAMETER_APP_S6A);
    k->vendor_specific_application_id[1] = application(DIAMETER_APP_S13);
    k->vendor_specific_application_id_n = 2;
    l->next = 1;
    bool asked = diameter_cer_write(&cer, MBYTES_OF(l->out), &n) == E_OK && raw_ask(l, n, &answer);
    return asked ? raw_result(answer) : 0;
}

/* ---- S13 ---- */

static void say_credential(const struct s13_device_credential *in)
{
    static const char *const statuses[] = {"-", "found", "none", "revoked", "unavailable"};
    struct devid_credential c;
    struct binding_record record;
    if (!in->present) {
        printf(" -\n");
        return;
    }
    wire_devid_credential_read(in, &c);
    printf(" %s", statuses[c.status]);
    if (c.status == DEVID_UNAVAILABLE) {
        printf(" %s\n", devid_cause_name(c.cause));
        return;
    }
    printf(" %s %u", devid_source_name(c.source), c.age);
    if (c.status != DEVID_NONE && binding_record_read(c.record, &record) == E_OK) {
        printf(" %s %llu", binding_form_name(record.form), (unsigned long long)record.serial);
    }
    if (c.n_chain > 0) {
        printf(" %zu certificates", c.n_chain);
    }
    printf("\n");
}

static int ecr(struct raw_link *l, const char *imsi, const char *imei, bool inquires)
{
    static const char *const statuses[] = {"whitelisted", "blacklisted", "greylisted"};
    static struct s13_eca eca;
    char session[300];
    struct s13_ecr e = {.terminal_information = {.present = true, .imei = bytes_of_str(imei)}};
    struct diameter_fault fault;
    struct bytes answer;
    size_t n = 0;
    raw_begin(l, &e.request, imsi, session); /* for its identifiers and the session */
    s13_request_begin(&e.request, l->next, l->next);
    e.request.session_id = bytes_of_str(session);
    e.request.origin_host = bytes_of_str(l->host);
    e.request.origin_realm = e.request.destination_realm = bytes_of_str(l->at->realm);
    if (strcmp(imsi, "-") != 0) {
        e.request.user_name = bytes_of_str(imsi);
    }
    if (inquires) {
        e.credential_request = DIAMETER_U32_OF(S13_USE_IDENTITY);
    }
    if (s13_ecr_write(RAW_OWN_VENDOR, &e, MBYTES_OF(l->out), &n) != E_OK ||
        !raw_ask(l, n, &answer) || s13_eca_parse(RAW_OWN_VENDOR, answer, &eca, &fault) != E_OK) {
        printf("no answer\n");
        return 1;
    }
    bool has = eca.equipment_status.present && eca.equipment_status.v < 3;
    printf("%u %s", raw_result(answer), has ? statuses[eca.equipment_status.v] : "-");
    say_credential(&eca.device_credential);
    return 0;
}

/* ---- S6a ---- */

static int air(struct raw_link *l, const char *imsi)
{
    static const uint8_t home[] = {0x00, 0xf1, 0x10};
    static const char *const controls[] = {"-", "wanted", "remembered"};
    static struct s6a_aia aia;
    char session[300];
    struct s6a_air a = {.visited_plmn_id = {home, 3}};
    struct diameter_fault fault;
    struct bytes answer;
    size_t n = 0;
    raw_begin(l, &a.request, imsi, session);
    a.requested_eutran_authentication_info.present = true;
    a.requested_eutran_authentication_info.number_of_requested_vectors = DIAMETER_U32_OF(1);
    if (!s6a_features_add(a.request.supported_features, &a.request.supported_features_n,
                          RAW_OWN_VENDOR, OWN_FEATURE_LIST_ID,
                          OWN_FEATURE_BINDING | OWN_FEATURE_DEVID) ||
        s6a_air_write(RAW_OWN_VENDOR, &a, MBYTES_OF(l->out), &n) != E_OK ||
        !raw_ask(l, n, &answer) || s6a_aia_parse(RAW_OWN_VENDOR, answer, &aia, &fault) != E_OK) {
        printf("no answer\n");
        return 1;
    }
    uint32_t control = aia.binding_control.proof_control.v;
    printf("%u %s\n", raw_result(answer), control < 3 ? controls[control] : "?");
    return 0;
}

static bool outcome_of(int argc, char **argv, struct devid_outcome *out)
{
    static const char *const results[] = {"-", "proven", "unproven", "failed", "undetermined"};
    *out = (struct devid_outcome){.result = DEVID_NOT_ASKED};
    for (unsigned i = 1; argc > 0 && i < 5; i++) {
        if (strcmp(argv[0], results[i]) == 0) {
            out->result = (enum devid_result)i;
        }
    }
    if (argc > 0 && out->result == DEVID_NOT_ASKED) {
        return false;
    }
    int next = 1;
    if (argc > 1 && out->result != DEVID_PROVEN) {
        next = 2;
        if (devid_cause_parse(bytes_of_str(argv[1]), &out->cause) != E_OK) {
            return false;
        }
    }
    if (argc > next + 1) {
        out->form =
            strcmp(argv[next], "certificate") == 0 ? BINDING_CERTIFICATE : BINDING_PUBLIC_KEY;
        out->serial = strtoull(argv[next + 1], NULL, 10);
    }
    return true;
}

static int ulr(struct raw_link *l, int argc, char **argv)
{
    static const uint8_t home[] = {0x00, 0xf1, 0x10};
    char session[300];
    struct devid_outcome outcome;
    struct bytes answer;
    size_t n = 0;
    struct s6a_ulr u = {.visited_plmn_id = {home, 3},
                        .rat_type = DIAMETER_U32_OF(S6A_RAT_EUTRAN),
                        .ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D | S6A_ULR_INITIAL_ATTACH)};
    if (!outcome_of(argc - 2, argv + 2, &outcome)) {
        return 2;
    }
    raw_begin(l, &u.request, argv[0], session);
    u.terminal_information.present = true;
    u.terminal_information.imei = bytes_of_str(argv[1]);
    wire_devid_outcome_fill(&outcome, &u.device_proof);
    if (s6a_ulr_write(RAW_OWN_VENDOR, &u, MBYTES_OF(l->out), &n) != E_OK ||
        !raw_ask(l, n, &answer)) {
        printf("no answer\n");
        return 1;
    }
    printf("%u\n", raw_result(answer));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        return 2;
    }
    const struct raw_place at = {
        .work = argv[1], .realm = argv[2], .tcp = (uint16_t)strtoul(argv[3], NULL, 10)};
    struct raw_link *l = &link_;
    const char *command = argv[5];
    int rc = 2;
    if (!raw_enter_as(l, &at, argv[4], capabilities)) {
        printf("no connection\n");
        return 1;
    }
    if (strcmp(command, "air") == 0) {
        rc = air(l, argv[6]);
    } else if (strcmp(command, "ulr") == 0 && argc >= 8) {
        rc = ulr(l, argc - 6, argv + 6);
    } else if (argc == 8) {
        rc = ecr(l, argv[6], argv[7], strcmp(command, "inquiry") == 0);
    }
    raw_close(l);
    return rc;
}
