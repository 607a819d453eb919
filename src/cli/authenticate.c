/* The verb `authenticate`: plays an MME and the device behind it, over real S6a. */
#include "cli/api_client.h"
#include "cli/authenticate_options.h"
#include "cli/s6a_client.h"
#include "codec/diameter_text.h"
#include "codec/private.h"
#include "crypto/kdf.h"
#include "crypto/openssl.h"
#include "device/linux/state_file.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PLMN "001-01"
#define DEFAULT_PEER "tcp://127.0.0.1:3868"

struct play {
    const struct authenticate_options *o;
    struct crypto crypto;
    struct device_state device;
    struct imei reported;
    struct plmn plmn;
    char host[S6A_CLIENT_HOST], realm[S6A_CLIENT_HOST];
    long vectors, attempts;
    struct s6a_client client;
    char cause[64];     /* of the attempt: the name of why it was refused, or empty */
    struct s6a_aia aia; /* points into the client's message */
    json_t *steps;
};

enum party { DEVICE, MME, HSS };

/* One step, for a person as it happens, for a script at the end. */
static void step(struct play *p, enum party who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void step(struct play *p, enum party who, const char *format, ...)
{
    static const char *const names[] = {"device", "MME", "HSS"};
    static const enum cli_colour colours[] = {CLI_CYAN, CLI_YELLOW, CLI_GREEN};
    char text[600];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (p->o->common.json) {
        (void)json_array_append_new(p->steps,
                                    json_pack("{s:s, s:s}", "party", names[who], "says", text));
        return;
    }
    printf("  %s%-7s%s ", cli_paint(stdout, colours[who]), names[who],
           cli_paint(stdout, CLI_PLAIN));
    cli_put_clean(stdout, text);
    putchar('\n');
    (void)fflush(stdout);
}

/* What an attempt came to. */
enum outcome { AUTHENTICATED, REFUSED, RESYNCHRONISE, BROKEN };

static enum outcome refuse(struct play *p, const char *cause)
{
    snprintf(p->cause, sizeof p->cause, "%s", cause);
    return REFUSED;
}

static enum outcome broken(struct play *p, const char *what)
{
    step(p, MME, "%s: %s", what, p->client.why);
    (void)refuse(p, "connection-lost");
    return BROKEN;
}

/* The result of an answer: true for success, else said and the cause set. */
static bool succeeded(struct play *p, const struct s6a_answer *a, const char *name)
{
    bool experimental = a->experimental_result.present;
    uint32_t code =
        experimental ? a->experimental_result.experimental_result_code.v : a->result_code.v;
    const char *words = diameter_result_name(code, experimental);
    if (code == DIAMETER_SUCCESS && !experimental) {
        return true;
    }
    step(p, HSS, "%s refuses: %s (%u)%s%.*s", name, words ? words : "an unknown result", code,
         a->error_message.n ? ": " : "", (int)a->error_message.n, (const char *)a->error_message.p);
    (void)refuse(p, words ? words : "unknown-result");
    return false;
}

/* Asks with the n octets in the client's out. */
static bool ask(struct play *p, enum err written, size_t n, const char *name, struct bytes *answer)
{
    if (written != E_OK) {
        snprintf(p->client.why, sizeof p->client.why, "it cannot be written: %s",
                 err_sentence(written));
    } else if (s6a_client_ask(&p->client, n, answer) == E_OK) {
        return true;
    }
    (void)broken(p, name);
    return false;
}

static struct bytes digits(const struct imei *imei)
{
    return (struct bytes){(const uint8_t *)imei->digits, IMEI_DIGITS};
}

/* ---- AIR ---- */

static bool ask_vectors(struct play *p, const uint8_t *resync, struct s6a_aia *aia)
{
    struct s6a_air air = {0};
    struct s6a_requested_authentication_info *want = &air.requested_eutran_authentication_info;
    struct diameter_fault fault;
    struct bytes answer;
    char session[S6A_CLIENT_HOST + 32];
    uint8_t plmn[PLMN_LEN];
    size_t n = 0;
    uint32_t own = p->client.options.own_vendor;
    s6a_client_begin(&p->client, &air.request, &p->device.imsi, session);
    plmn_to_octets(&p->plmn, plmn);
    air.visited_plmn_id = BYTES_OF(plmn);
    want->present = true;
    want->number_of_requested_vectors = DIAMETER_U32_OF((uint32_t)p->vectors);
    want->immediate_response_preferred = DIAMETER_U32_OF(1);
    want->re_synchronization_info = (struct bytes){resync, resync ? 30 : 0};
    if (p->o->served_imei) {
        air.served_imei = digits(&p->reported);
    }
    step(p, MME, "asks for %ld vector%s for %s in PLMN %s-%s%s%s%s", p->vectors,
         p->vectors == 1 ? "" : "s", p->device.imsi.digits, p->plmn.mcc, p->plmn.mnc,
         p->o->served_imei ? ", serving IMEI " : "", p->o->served_imei ? p->reported.digits : "",
         resync ? ", with the USIM's AUTS" : "");
    enum err e = s6a_air_write(own, &air, MBYTES_OF(p->client.out), &n);
    if (!ask(p, e, n, "AIR", &answer)) {
        return false;
    }
    e = s6a_aia_parse(own, answer, aia, &fault);
    if (e != E_OK) {
        step(p, HSS, "the AIA cannot be read: %s %s", fault.path, err_sentence(e));
        (void)refuse(p, "malformed-answer");
    }
    return e == E_OK && succeeded(p, &aia->answer, "AIA");
}

/* ---- the device ---- */

static bool save_device(struct play *p)
{
    struct device_why why;
    if (device_state_save(p->o->device, false, &p->device, &why) == E_OK) {
        return true;
    }
    step(p, DEVICE, "cannot save its state and so doesn't answer: %s", why.text);
    (void)refuse(p, "device-state-not-saved");
    return false;
}

static const char *outcome_words(enum binding_me_outcome o)
{
    switch (o) {
    case BINDING_ME_ANSWERED:
        return "USIM accepts the challenge";
    case BINDING_ME_REPEATED:
        return "the same challenge again: answers from memory";
    case BINDING_ME_MAC_FAILURE:
        return "USIM refuses: MAC-A is wrong, so this is not the RAND the HSS meant for it "
               "(AUTHENTICATION FAILURE, cause 20)";
    case BINDING_ME_SYNC_FAILURE:
        return "USIM refuses: SQN is out of its range, and tells its own in AUTS "
               "(AUTHENTICATION FAILURE, cause 21)";
    case BINDING_ME_NO_SEPARATION_BIT:
        return "refuses: the separation bit of AMF is not set (AUTHENTICATION FAILURE, cause 26)";
    case BINDING_ME_NO_KME:
        return "has no KME, so it cannot give its USIM the right RAND "
               "(AUTHENTICATION FAILURE, cause 20)";
    case BINDING_ME_BROKEN:
        return "a cryptographic operation failed; it doesn't answer";
    }
    return "";
}

/* RES against XRES, and whether both ends have the same KASME. */
static enum outcome compare(struct play *p, const struct s6a_e_utran_vector *v,
                            const struct usim_answer *a)
{
    struct key_kasme kasme;
    uint8_t plmn[PLMN_LEN];
    plmn_to_octets(&p->plmn, plmn);
    if (!crypto_ct_eq((struct bytes){a->res.b, a->res.n}, v->xres)) {
        step(p, MME, "RES differs from XRES: refused");
        return refuse(p, "res-mismatch");
    }
    bool same = kdf_kasme(&p->crypto, &a->ck, &a->ik, plmn, v->autn.p, &kasme) == E_OK &&
                crypto_ct_eq(BYTES_OF(kasme.b), v->kasme);
    wipe(&kasme, sizeof kasme);
    step(p, MME, "RES equals XRES: authenticated%s",
         same ? "; device and network hold the same KASME" : "");
    if (!same) {
        step(p, MME, "but device and network derived different KASMEs");
        return refuse(p, "kasme-mismatch");
    }
    return AUTHENTICATED;
}

static enum outcome challenge(struct play *p, const struct s6a_e_utran_vector *v,
                              struct usim_answer *a)
{
    struct autn autn;
    if (v->rand.n != 16 || v->autn.n != 16) {
        step(p, MME, "the vector is not one: refused");
        return refuse(p, "malformed-answer");
    }
    memcpy(autn.b, v->autn.p, sizeof autn.b);
    bool processed = (autn_amf(&autn) & BINDING_AMF_PROCESSED) == BINDING_AMF_PROCESSED;
    step(p, DEVICE, "gets a %s challenge%s", processed ? "processed" : "regular",
         processed && p->device.me.has_kme ? ", decrypts RAND under its KME" : "");
    enum binding_me_outcome out =
        binding_me_challenge(&p->crypto, &p->device.me, &p->device.usim, v->rand.p, &autn, a);
    if (!save_device(p)) {
        return REFUSED;
    }
    step(p, DEVICE, "%s", outcome_words(out));
    if (out == BINDING_ME_ANSWERED || out == BINDING_ME_REPEATED) {
        return compare(p, v, a);
    }
    if (out == BINDING_ME_SYNC_FAILURE) {
        return RESYNCHRONISE;
    }
    return refuse(p, binding_me_outcome_name(out));
}

/* ---- NOR and ULR ---- */

static void report_failure(struct play *p, enum s6a_binding_failure_cause cause)
{
    struct s6a_nor nor = {0};
    struct s6a_noa noa;
    struct diameter_fault fault;
    struct bytes answer;
    char session[S6A_CLIENT_HOST + 32], kept[sizeof p->cause];
    size_t n = 0;
    uint32_t own = p->client.options.own_vendor;
    memcpy(kept, p->cause, sizeof kept);
    s6a_client_begin(&p->client, &nor.request, &p->device.imsi, session);
    nor.binding_failure =
        (struct s6a_binding_failure){.present = true,
                                     .imei = digits(&p->reported),
                                     .binding_failure_count = DIAMETER_U32_OF(1),
                                     .binding_failure_cause = DIAMETER_U32_OF(cause)};
    step(p, MME, "reports the failure to the HSS (NOR with Binding-Failure, IMEI %s)",
         p->reported.digits);
    enum err e = s6a_nor_write(own, &nor, MBYTES_OF(p->client.out), &n);
    if (ask(p, e, n, "NOR", &answer) && s6a_noa_parse(own, answer, &noa, &fault) == E_OK &&
        succeeded(p, &noa.answer, "NOA")) {
        step(p, HSS, "took note of it");
    }
    memcpy(p->cause, kept, sizeof kept);
}

static bool is_binding_failure(const char *cause)
{
    return !strcmp(cause, binding_me_outcome_name(BINDING_ME_MAC_FAILURE)) ||
           !strcmp(cause, binding_me_outcome_name(BINDING_ME_NO_KME)) ||
           !strcmp(cause, "res-mismatch");
}

static enum outcome register_device(struct play *p)
{
    struct s6a_ulr ulr = {0};
    struct s6a_ula ula;
    struct diameter_fault fault;
    struct bytes answer;
    char session[S6A_CLIENT_HOST + 32];
    uint8_t plmn[PLMN_LEN];
    size_t n = 0;
    uint32_t own = p->client.options.own_vendor;
    s6a_client_begin(&p->client, &ulr.request, &p->device.imsi, session);
    plmn_to_octets(&p->plmn, plmn);
    ulr.visited_plmn_id = BYTES_OF(plmn);
    ulr.rat_type = DIAMETER_U32_OF(S6A_RAT_EUTRAN);
    ulr.ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D | S6A_ULR_INITIAL_ATTACH);
    ulr.terminal_information =
        (struct s6a_terminal_information){.present = true, .imei = digits(&p->reported)};
    step(p, MME, "registers the device (ULR, IMEI %s)", p->reported.digits);
    enum err e = s6a_ulr_write(own, &ulr, MBYTES_OF(p->client.out), &n);
    if (!ask(p, e, n, "ULR", &answer)) {
        return BROKEN;
    }
    e = s6a_ula_parse(own, answer, &ula, &fault);
    if (e != E_OK) {
        step(p, HSS, "the ULA cannot be read: %s %s", fault.path, err_sentence(e));
        return refuse(p, "malformed-answer");
    }
    if (!succeeded(p, &ula.answer, "ULA")) {
        return REFUSED;
    }
    size_t apns = ula.subscription_data.apn_configuration_profile.apn_configuration_n;
    step(p, HSS, "registered the device and gave its subscription: %zu APN%s", apns,
         apns == 1 ? "" : "s");
    return AUTHENTICATED;
}

/* ---- an attempt ---- */

static enum outcome run_vectors(struct play *p, const uint8_t *resync, uint8_t next[static 30])
{
    const struct s6a_authentication_info *info = &p->aia.authentication_info;
    struct usim_answer a = {0};
    enum outcome out = REFUSED;
    p->cause[0] = '\0';
    if (!ask_vectors(p, resync, &p->aia)) {
        return strcmp(p->cause, "connection-lost") != 0 ? REFUSED : BROKEN;
    }
    step(p, HSS, "answers with %zu vector%s", info->e_utran_vector_n,
         info->e_utran_vector_n == 1 ? "" : "s");
    if (!info->e_utran_vector_n) {
        return refuse(p, "no-vector");
    }
    for (size_t i = 0; i < info->e_utran_vector_n; i++) {
        out = challenge(p, &info->e_utran_vector[i], &a);
        if (out == RESYNCHRONISE) {
            memcpy(next, info->e_utran_vector[i].rand.p, 16);
            memcpy(next + 16, a.auts.b, sizeof a.auts.b);
        }
        if (out != AUTHENTICATED) {
            break;
        }
    }
    wipe(&a, sizeof a);
    return out;
}

static enum outcome attempt(struct play *p)
{
    uint8_t resync[30], again[30];
    enum outcome out = run_vectors(p, NULL, resync);
    if (out == RESYNCHRONISE) {
        out = run_vectors(p, resync, again);
        if (out == RESYNCHRONISE) {
            out = refuse(p, "sync-failure");
        }
    }
    if (out == REFUSED && is_binding_failure(p->cause) && !p->o->no_report) {
        report_failure(p, !strcmp(p->cause, "res-mismatch") ? S6A_FAILURE_RES : S6A_FAILURE_MAC);
    }
    if (out == AUTHENTICATED && !p->o->no_ulr) {
        out = register_device(p);
    }
    return out;
}

static const char *outcome_name(enum outcome out)
{
    switch (out) {
    case AUTHENTICATED:
        return "authenticated";
    case BROKEN:
        return "connection lost";
    case REFUSED:
    case RESYNCHRONISE:
        break;
    }
    return "refused";
}

static void say_outcome(const struct play *p, enum outcome out, long i)
{
    if (p->o->common.json) {
        return;
    }
    printf("%s%s%s", cli_paint(stdout, out == AUTHENTICATED ? CLI_GREEN : CLI_RED),
           outcome_name(out), cli_paint(stdout, CLI_PLAIN));
    if (p->attempts > 1) {
        printf(" (attempt %ld of %ld)", i, p->attempts);
    }
    printf("%s%s\n", p->cause[0] ? ": " : "", p->cause);
}

static int attempts(struct play *p)
{
    json_t *outcomes = json_array();
    int rc = CLI_DONE;
    for (long i = 1; i <= p->attempts && rc != CLI_UNREACHABLE; i++) {
        enum outcome out = attempt(p);
        rc = out == BROKEN ? CLI_UNREACHABLE : out == AUTHENTICATED ? rc : CLI_REFUSED;
        say_outcome(p, out, i);
        (void)json_array_append_new(
            outcomes, json_pack("{s:s, s:s}", "outcome", outcome_name(out), "cause", p->cause));
    }
    if (p->o->common.json) {
        json_t *o = json_pack("{s:s, s:O, s:O}", "imsi", p->device.imsi.digits, "attempts",
                              outcomes, "steps", p->steps);
        api_print_json(o);
        json_decref(o);
    }
    json_decref(outcomes);
    return rc;
}

/* ---- setting up ---- */

/* The first TCP listener of the HSS that --dir or --socket names, if it runs. */
static bool peer_of_running(const struct authenticate_options *o, struct address *out)
{
    char path[CLI_SOCKET_MAX];
    struct api_answer answer;
    struct api_request request = {.method = "GET", .path = "/v1/status"};
    size_t i;
    json_t *listener;
    bool found = false;
    if (cli_server(&o->common) || !cli_socket_path(&o->common, path) || access(path, F_OK) != 0 ||
        api_once(&o->common, "status", &request, &answer) != CLI_DONE) {
        return false;
    }
    json_array_foreach(json_object_get(answer.body, "listeners"), i, listener)
    {
        const char *text = json_string_value(listener);
        text = text ? text : api_text(listener, "address");
        found = found || (address_parse(text, out) == E_OK && out->transport == TRANSPORT_TCP);
    }
    api_answer_free(&answer);
    return found;
}

static bool choose_peer(const struct authenticate_options *o, struct address *out)
{
    if (!o->peer && peer_of_running(o, out)) {
        return true;
    }
    const char *text = o->peer ? o->peer : DEFAULT_PEER;
    if (address_parse(text, out) != E_OK) {
        cli_error("--peer '%s' is no address: write tcp://127.0.0.1:3868 or tls://127.0.0.1:5658",
                  text);
        return false;
    }
    if (out->transport == TRANSPORT_TLS && (!o->tls.certificate || !o->tls.key || !o->tls.ca)) {
        cli_error("tls:// needs --cert, --key and --ca");
        return false;
    }
    return true;
}

static bool name_mme(struct play *p)
{
    const struct authenticate_options *o = p->o;
    const char *plmn = o->plmn ? o->plmn : DEFAULT_PLMN;
    if (plmn_parse(bytes_of_str(plmn), &p->plmn) != E_OK) {
        cli_error("--plmn '%s' is no PLMN: write it like 001-01", plmn);
        return false;
    }
    if (o->realm) {
        snprintf(p->realm, sizeof p->realm, "%s", o->realm);
    } else {
        plmn_realm(&p->plmn, p->realm);
    }
    int n = o->host ? snprintf(p->host, sizeof p->host, "%s", o->host)
                    : snprintf(p->host, sizeof p->host, "mme.%.250s", p->realm);
    if (n >= (int)sizeof p->host || diameter_identity_check(bytes_of_str(p->host)) != E_OK ||
        diameter_identity_check(bytes_of_str(p->realm)) != E_OK) {
        cli_error("--origin-host '%s' or --realm '%s' is no Diameter identity", p->host, p->realm);
        return false;
    }
    return true;
}

static int prepare(struct play *p, struct s6a_client_options *c)
{
    const struct authenticate_options *o = p->o;
    struct device_why why;
    long vendor = DIAMETER_VENDOR_OWN_DEFAULT, seconds = 5;
    p->vectors = p->attempts = 1;
    if ((o->vectors && !cli_number("--vectors", o->vectors, 1, S6A_VECTORS_MAX, &p->vectors)) ||
        (o->attempts && !cli_number("--attempts", o->attempts, 1, 1000000, &p->attempts)) ||
        (o->vendor && !cli_number("--vendor", o->vendor, 1, UINT32_MAX, &vendor)) ||
        (o->timeout && !cli_number("--timeout", o->timeout, 1, 600, &seconds)) || !name_mme(p) ||
        !cli_trace_path(o->trace, o->trace_secrets)) {
        return CLI_USAGE;
    }
    if (device_state_load(o->device, &p->device, &why) != E_OK) {
        cli_error("%s", why.text);
        return CLI_REFUSED;
    }
    if (p->device.imsi.n == 0) {
        cli_error("%s: this device has no subscription yet; `bindery attach --device %s` gets it "
                  "one",
                  o->device, o->device);
        return CLI_REFUSED;
    }
    p->reported = p->device.imei;
    if (o->report_imei && !cli_imei(o->report_imei, &p->reported)) {
        return CLI_USAGE;
    }
    *c = (struct s6a_client_options){.tls = o->tls,
                                     .host = p->host,
                                     .realm = p->realm,
                                     .own_vendor = (uint32_t)vendor,
                                     .trace = o->trace,
                                     .trace_secrets = o->trace_secrets,
                                     .timeout_ms = (int)seconds * 1000};
    return choose_peer(o, &c->address) ? CLI_DONE : CLI_USAGE;
}

static int play(struct play *p, const struct s6a_client_options *c)
{
    struct address_text at = address_print(&c->address);
    char claim[64] = "";
    if (p->o->report_imei) {
        snprintf(claim, sizeof claim, " but reports IMEI %s", p->reported.digits);
    }
    step(p, DEVICE, "is %s%s, with the USIM of %s and %s KME", p->device.imei.digits, claim,
         p->device.imsi.digits, p->device.me.has_kme ? "a" : "no");
    enum err e = s6a_client_open(&p->client, c);
    if (e != E_OK) {
        cli_error("%s: %s%s", at.s, p->client.why,
                  e == E_IO ? "; start an HSS with `bindery up -d`, or name it with --peer" : "");
        s6a_client_close(&p->client);
        return e == E_DENIED ? CLI_REFUSED : CLI_UNREACHABLE;
    }
    step(p, MME, "%s is connected to %s at %s", p->host, p->client.peer_host, at.s);
    int rc = attempts(p);
    s6a_client_close(&p->client);
    return rc;
}

int cli_authenticate(int argc, char **argv)
{
    struct authenticate_options o = {0};
    struct s6a_client_options c;
    if (argp_parse(&authenticate_argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    struct play *p = calloc(1, sizeof *p);
    if (!p || crypto_openssl_open(&p->crypto) != E_OK) {
        free(p);
        cli_error("no memory");
        return CLI_REFUSED;
    }
    p->o = &o;
    p->steps = json_array();
    int rc = prepare(p, &c);
    rc = rc == CLI_DONE ? play(p, &c) : rc;
    json_decref(p->steps);
    crypto_openssl_close(&p->crypto);
    wipe(p, sizeof *p);
    free(p);
    return rc;
}
