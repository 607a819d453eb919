/* Step 0-d at the service provider, and taking it back: src/cli/sp.h. */
#include "cli/sp.h"

#include "net/verify_sign.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAYS_MOST 3650

struct offer {
    struct sp_options sp;
    const char *to, *link, *days;
    bool all, revoke;
    char **dimsis;
    size_t n;
    struct plmn target;
    long expiry_days;
};
enum { OPT_TO = 0x100, OPT_LINK, OPT_DAYS, OPT_ALL };

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct offer *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->sp;
        return 0;
    case OPT_TO:
        o->to = arg;
        return 0;
    case OPT_LINK:
        o->link = arg;
        return 0;
    case OPT_DAYS:
        o->days = arg;
        return 0;
    case OPT_ALL:
        o->all = true;
        return 0;
    case ARGP_KEY_ARGS:
        o->dimsis = state->argv + state->next;
        o->n = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        if (o->all == (o->n > 0)) {
            argp_error(state, "dIMSIs are needed, or --all");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option offer_options[] = {
    {"to", OPT_TO, "PLMN", 0, "the target operator", 10},
    {"link", OPT_LINK, "LINK", 0, "where it takes offers: https://HOST:PORT", 10},
    {"days", OPT_DAYS, "N", 0, "until when it may ask for the keys (30)", 10},
    {"all", OPT_ALL, NULL, 0,
     "every device whose SE CREDENTIALS are here and that nobody was offered", 10},
    {0},
};
static const struct argp_option revoke_options[] = {
    {"all", OPT_ALL, NULL, 0, "every device that was offered to somebody", 10},
    {0},
};
static const struct argp_child children[] = {{&sp_argp, 0, NULL, 0}, {0}};
static const struct argp offer_argp = {
    offer_options,
    take,
    "[DIMSI...]",
    "Signs for each device which operator may have its key, and offers it to that operator, with "
    "the ARPF's link (step 0-d). The same operator again: the same offer.",
    children,
    NULL,
    NULL};
static const struct argp revoke_argp = {
    revoke_options,
    take,
    "[DIMSI...]",
    "Takes the last offer of each device back: the ARPF gives its key to nobody under it any more, "
    "and the operator is told. A key that was released is known to that operator; a device that "
    "did not attach yet can then be offered to another one, best with a new order.",
    children,
    NULL,
    NULL};

/* ---- a delegation ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static json_t *sign(const struct sp *s, const struct signer *key, const struct dimsi_delegation *d)
{
    uint8_t content[DIMSI_DELEGATION_MAX], signature[SIGNATURE_LEN];
    const struct bytes octets = dimsi_delegation_write(d, content);
    return signer_sign(key, octets, signature) == E_OK
               ? dimsi_json_of_signed(octets, BYTES_OF(signature), s->chain, s->n_chain)
               : NULL;
}

/* SHA-256 of the token of a device. */
static bool token_of(const json_t *device, uint8_t digest[static DIMSI_DIGEST_LEN])
{
    static struct dimsi_json_space space;
    struct dimsi_json_fault fault;
    struct bytes token;
    space.n = 0;
    return dimsi_json_octets(json_object_get(device, "token"), "token", DIMSI_ATK_MAX, &space,
                             &token, &fault) &&
           verify_digest(token, digest) == E_OK;
}

/*= dimsi-delegation */
static json_t *delegate(const struct sp *s, const struct signer *key, const struct offer *o,
                        const json_t *device, uint64_t number)
{
    struct dimsi_delegation d = {.target = o->target,
                                 .expiry = (int64_t)time(NULL) + o->expiry_days * 86400,
                                 .number = number};
    if (!token_of(device, d.token) ||
        dimsi_name_parse(bytes_of_str(text_of(device, "arpf")), &d.arpf) != E_OK) {
        cli_error("%s: its SE CREDENTIALS cannot be read", text_of(device, "dimsi"));
        return NULL;
    }
    return sign(s, key, &d);
}

/* ---- an offer ---- */

/* SHA-256 of the token that an offer is about. A device's own may be a newer one: its secure
 * element carried the order out again since. */
static bool token_of_offer(const json_t *offer, uint8_t digest[static DIMSI_DIGEST_LEN])
{
    static struct dimsi_json_space space;
    struct dimsi_json_fault fault;
    struct dimsi_signed by;
    struct dimsi_delegation d;
    space.n = 0;
    if (!dimsi_json_signed(json_object_get(offer, "delegation"), "delegation", &space, &by,
                           &fault) ||
        dimsi_delegation_read(by.content, &d) != E_OK) {
        return false;
    }
    memcpy(digest, d.token, sizeof d.token);
    return true;
}

static bool is_current(const json_t *device, const json_t *offer)
{
    uint8_t now[DIMSI_DIGEST_LEN], then[DIMSI_DIGEST_LEN];
    return token_of(device, now) && token_of_offer(offer, then) &&
           bytes_eq(BYTES_OF(now), BYTES_OF(then));
}

/* Was this device, with the token that it has now, offered to that operator last, and not taken
 * back? */
static json_t *standing(const json_t *device, const struct offer *o)
{
    json_t *last = sp_last_offer(device);
    return last && !json_is_true(json_object_get(last, "revoked")) &&
                   !strcmp(text_of(last, "target"), o->to) && is_current(device, last)
               ? last
               : NULL;
}

static uint64_t next_number(const json_t *device)
{
    const json_t *last = sp_last_offer(device);
    return (uint64_t)json_integer_value(json_object_get(last, "number")) + 1;
}

/* The offer is in the folder before it leaves. */
static json_t *make_offer(const struct sp *s, const struct signer *key, const struct offer *o,
                          json_t *device)
{
    const uint64_t number = next_number(device);
    json_t *signed_by = delegate(s, key, o, device, number);
    json_t *offer =
        signed_by ? json_pack("{s:s, s:s, s:I, s:o, s:b}", "target", o->to, "link", o->link,
                              "number", (json_int_t)number, "delegation", signed_by, "revoked", 0)
                  : NULL;
    const bool good = offer &&
                      json_array_append_new(json_object_get(device, "offers"), offer) == 0 &&
                      sp_write(s, "devices", text_of(device, "dimsi"), device);
    return good ? offer : NULL;
}

static int send_offer(struct sp *s, const json_t *device, const json_t *offer)
{
    char path[64];
    const char *dimsi = text_of(device, "dimsi");
    json_t *arpf = sp_read(s, "arpfs", text_of(device, "arpf"));
    struct sp_answer a;
    json_t *body = json_pack("{s:s, s:{s:O, s:O}, s:O}", "arpf", text_of(arpf, "link"),
                             "credentials", "token", json_object_get(device, "token"),
                             "certificates", json_object_get(device, "certificates"), "delegation",
                             json_object_get(offer, "delegation"));
    snprintf(path, sizeof path, "/v1/offers/%s", dimsi);
    int rc = body ? sp_do(s, dimsi, "PUT", text_of(offer, "link"), path, body, &a) : CLI_REFUSED;
    if (rc == CLI_DONE) {
        sp_answer_free(&a);
    }
    json_decref(body);
    json_decref(arpf);
    return rc;
}

/*= dimsi-0d */
static int offer_one(struct sp *s, const struct signer *key, const struct offer *o,
                     const char *dimsi)
{
    json_t *device = sp_read(s, "devices", dimsi);
    if (!device || !json_is_string(json_object_get(device, "token"))) {
        cli_error(device ? "%s: its SE CREDENTIALS are not here yet; `bindery sp collect`"
                         : "%s: nobody was given this dIMSI here",
                  dimsi);
        json_decref(device);
        return CLI_REFUSED;
    }
    json_t *last = sp_last_offer(device), *offer = standing(device, o);
    int rc = CLI_REFUSED;
    if (!offer && last && !json_is_true(json_object_get(last, "revoked"))) {
        cli_error("%s: it is offered to %s%s; `bindery sp revoke %s` first", dimsi,
                  text_of(last, "target"),
                  is_current(device, last) ? "" : ", with an earlier token", dimsi);
    } else {
        offer = offer ? offer : make_offer(s, key, o, device);
        rc = offer ? send_offer(s, device, offer) : CLI_REFUSED;
    }
    json_decref(device);
    return rc;
}

/* ---- taking it back ---- */

static int tell_arpf(struct sp *s, const json_t *device, const json_t *offer)
{
    uint8_t digest[DIMSI_DIGEST_LEN];
    char path[40 + 2 * sizeof digest + 1] = "/v1/revocations/";
    struct sp_answer a;
    json_t *arpf = sp_read(s, "arpfs", text_of(device, "arpf"));
    json_t *body = json_pack("{s:O}", "number", json_object_get(offer, "number"));
    int rc = arpf && body ? CLI_DONE : CLI_REFUSED;
    if (rc == CLI_DONE && !token_of_offer(offer, digest)) {
        cli_error("%s: its last offer cannot be read", text_of(device, "dimsi"));
        rc = CLI_REFUSED;
    }
    if (rc == CLI_DONE) {
        hex_encode(BYTES_OF(digest), path + strlen(path));
        rc = sp_do(s, text_of(device, "dimsi"), "PUT", text_of(arpf, "link"), path, body, &a);
    }
    if (rc == CLI_DONE) {
        sp_answer_free(&a);
    }
    json_decref(arpf);
    json_decref(body);
    return rc;
}

/* The operator may have it no more, or never have had it: both are as it should be. */
static int tell_operator(struct sp *s, const json_t *device, const json_t *offer)
{
    char path[64];
    struct sp_answer a;
    snprintf(path, sizeof path, "/v1/offers/%s", text_of(device, "dimsi"));
    int rc = sp_call(s, "DELETE", text_of(offer, "link"), path, NULL, &a);
    if (rc == CLI_DONE) {
        if ((a.status < 200 || a.status > 299) && a.status != 404) {
            rc = sp_say_problem(text_of(device, "dimsi"), &a);
        }
        sp_answer_free(&a);
    }
    return rc;
}

static int revoke_one(struct sp *s, const char *dimsi)
{
    json_t *device = sp_read(s, "devices", dimsi), *offer = sp_last_offer(device);
    int rc = CLI_REFUSED;
    if (!offer) {
        cli_error("%s: nobody was offered this device", dimsi);
    } else {
        rc = tell_arpf(s, device, offer); /* first: from here on nobody gets the key */
        const int told = rc == CLI_DONE ? tell_operator(s, device, offer) : rc;
        if (rc == CLI_DONE && (json_object_set_new(offer, "revoked", json_true()) != 0 ||
                               !sp_write(s, "devices", text_of(device, "dimsi"), device))) {
            rc = CLI_REFUSED;
        }
        rc = rc == CLI_DONE ? told : rc;
    }
    json_decref(device);
    return rc;
}

/* ---- one after the other ---- */

static bool is_meant(const struct sp *s, const struct offer *o, const char *dimsi)
{
    json_t *device = sp_read(s, "devices", dimsi), *last = sp_last_offer(device);
    const bool open = last && !json_is_true(json_object_get(last, "revoked"));
    const bool meant = o->revoke ? open
                                 : json_is_string(json_object_get(device, "token")) &&
                                       (!open || !strcmp(text_of(last, "target"), o->to));
    json_decref(device);
    return meant;
}

/* One that fails does not stop the others; an operator that cannot be reached does. */
static int each(struct sp *s, const struct signer *key, const struct offer *o, char **names,
                size_t n)
{
    size_t done = 0, failed = 0;
    int rc = CLI_DONE;
    for (size_t i = 0; i < n && rc != CLI_UNREACHABLE; i++) {
        struct imsi dimsi;
        if (o->all && !is_meant(s, o, names[i])) {
            continue;
        }
        rc = !sp_dimsi(names[i], &dimsi) ? CLI_USAGE
             : o->revoke                 ? revoke_one(s, dimsi.digits)
                                         : offer_one(s, key, o, dimsi.digits);
        *(rc == CLI_DONE ? &done : &failed) += 1;
    }
    if (o->sp.common.json) {
        printf("{\"%s\":%zu,\"refused\":%zu}\n", o->revoke ? "revoked" : "offered", done, failed);
    } else if (o->revoke) {
        printf("%zu taken back, %zu failed\n", done, failed);
    } else {
        printf("%zu offered to %s, %zu refused. Next: `bindery sp follow`\n", done, o->to, failed);
    }
    return failed == 0 ? CLI_DONE : rc == CLI_UNREACHABLE ? rc : CLI_REFUSED;
}

static int run(const struct offer *o)
{
    static struct sp s;
    struct signer *key = NULL;
    struct verify_why why;
    char path[CLI_PATH_MAX], **names = NULL;
    size_t n = 0;
    int rc = sp_open(&o->sp, &s);
    if (rc == CLI_DONE && !o->revoke && signer_open(s.key, &key, &why) != E_OK) {
        cli_error("%s", why.text);
        rc = CLI_REFUSED;
    }
    if (rc == CLI_DONE && o->all &&
        (!sp_folder_path(&s, "devices", path) || !sp_names(path, &names, &n))) {
        rc = CLI_REFUSED;
    }
    if (rc == CLI_DONE) {
        rc = o->all ? each(&s, key, o, names, n) : each(&s, key, o, o->dimsis, o->n);
    }
    sp_names_free(names, n);
    signer_close(key);
    sp_close(&s);
    return rc;
}

int sp_offer(int argc, char **argv)
{
    struct offer o = {.expiry_days = 30};
    static char target[PLMN_TEXT_MAX];
    if (argp_parse(&offer_argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    if (!o.to || !o.link || plmn_parse(bytes_of_str(o.to), &o.target) != E_OK) {
        cli_error("%s needs --to PLMN, like 001-01, and --link https://HOST:PORT", argv[0]);
        return CLI_USAGE;
    }
    if (o.days && !cli_number("--days", o.days, 1, DAYS_MOST, &o.expiry_days)) {
        return CLI_USAGE;
    }
    plmn_print(&o.target, target);
    o.to = target;
    return run(&o);
}

int sp_revoke(int argc, char **argv)
{
    struct offer o = {.revoke = true};
    return argp_parse(&revoke_argp, argc, argv, 0, NULL, &o) != 0 ? CLI_USAGE : run(&o);
}
