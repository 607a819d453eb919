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
     "every device whose SE CREDENTIALS are here, but those that are offered to another operator",
     10},
    {0},
};
static const struct argp_option revoke_options[] = {
    {"all", OPT_ALL, NULL, 0,
     "every device whose offer is not taken back yet, by the ARPF's and the operator's word", 10},
    {0},
};
static const struct argp_child children[] = {{&sp_argp, 0, NULL, 0}, {0}};
static const struct argp offer_argp = {
    offer_options,
    take,
    "[DIMSI...]",
    "Signs for each device which operator may have its key, and offers it to that operator, with "
    "the ARPF's link (step 0-d). The same operator again: the same offer, to the link that is "
    "given now.",
    children,
    NULL,
    NULL};
static const struct argp revoke_argp = {
    revoke_options,
    take,
    "[DIMSI...]",
    "Takes the last offer of each device back: the ARPF gives its key to nobody under it any more, "
    "and the operator is told. It is taken back when both have heard it; what one of them did not "
    "hear is said again the next time. A key that was released is known to that operator; a device "
    "that did not attach yet can then be offered to another one, best with a new order.",
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

/* Was this device, with the token that it has now, offered to that operator last, and is nobody
 * told yet that it is taken back? */
static json_t *standing(const json_t *device, const struct offer *o)
{
    json_t *last = sp_last_offer(device);
    return last && !sp_is_true(last, "revoked") && !sp_is_true(last, "in_service") &&
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
    json_t *offer = signed_by ? json_pack("{s:s, s:s, s:I, s:o, s:b, s:b}", "target", o->to, "link",
                                          o->link, "number", (json_int_t)number, "delegation",
                                          signed_by, "taken", 0, "revoked", 0)
                              : NULL;
    const bool good = offer &&
                      json_array_append_new(json_object_get(device, "offers"), offer) == 0 &&
                      sp_write(s, "devices", text_of(device, "dimsi"), device);
    return good ? offer : NULL;
}

/* What the operator said of it. An offer that it has taken in stays so, whatever it says of the
 * same one later. */
static int keep_word(const struct sp *s, const json_t *device, json_t *offer, const char *link,
                     const struct sp_answer *a)
{
    const bool taken = a->status >= 200 && a->status <= 299;
    bool good = true;
    if (taken) {
        (void)json_object_del(offer, "refused");
        good = json_object_set_new(offer, "taken", json_true()) == 0 &&
               json_object_set_new(offer, "link", json_string(link)) == 0;
    } else if (json_is_false(json_object_get(offer, "taken"))) {
        good = json_object_set_new(offer, "refused", json_string(sp_cause(a))) == 0;
    }
    good = good && sp_write(s, "devices", text_of(device, "dimsi"), device);
    return !taken ? sp_say_problem(text_of(device, "dimsi"), a) : !good ? CLI_REFUSED : CLI_DONE;
}

static int send_offer(struct sp *s, const struct offer *o, const json_t *device, json_t *offer)
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
    int rc = body ? sp_call(s, "PUT", o->link, path, body, &a) : CLI_REFUSED;
    if (rc == CLI_DONE) {
        rc = keep_word(s, device, offer, o->link, &a);
        sp_answer_free(&a);
    }
    json_decref(body);
    json_decref(arpf);
    return rc;
}

/* Where the operator that has not taken it yet will hear that it is taken back: before it leaves.
 * One that has is at the link where it has until the other one has taken it too. */
static bool redirect(const struct sp *s, const struct offer *o, const json_t *device, json_t *offer)
{
    return !json_is_false(json_object_get(offer, "taken")) ||
           !strcmp(text_of(offer, "link"), o->link) ||
           (json_object_set_new(offer, "link", json_string(o->link)) == 0 &&
            sp_write(s, "devices", text_of(device, "dimsi"), device));
}

/* Is the device somebody's? Then it is said. The operator that did not hear that it was taken back
 * may be offered it again. */
static bool is_elsewhere(const struct offer *o, const json_t *device, const json_t *last)
{
    const char *dimsi = text_of(device, "dimsi"), *target = text_of(last, "target");
    if (!last || sp_taken_back(last)) {
        return false;
    }
    if (sp_is_true(last, "in_service")) {
        cli_error("%s: it is in service with %s", dimsi, target);
    } else if (!sp_is_true(last, "revoked")) {
        cli_error("%s: it is offered to %s%s; `bindery sp revoke %s` first", dimsi, target,
                  is_current(device, last) ? "" : ", with an earlier token", dimsi);
    } else if (strcmp(target, o->to) != 0) {
        cli_error("%s: %s did not hear yet that it was taken back; `bindery sp revoke %s` again",
                  dimsi, target, dimsi);
    } else {
        return false;
    }
    return true;
}

struct counts {
    size_t done, again, failed, in_service;
};

/*= dimsi-0d */
static int offer_one(struct sp *s, const struct signer *key, const struct offer *o,
                     const char *dimsi, struct counts *count)
{
    json_t *device = sp_read(s, "devices", dimsi);
    if (!device || !json_is_string(json_object_get(device, "token"))) {
        cli_error(device ? "%s: its SE CREDENTIALS are not here yet; `bindery sp collect`"
                         : "%s: nobody was given this dIMSI here",
                  dimsi);
        json_decref(device);
        return CLI_REFUSED;
    }
    json_t *offer = standing(device, o);
    const bool before = offer && !json_is_false(json_object_get(offer, "taken"));
    int rc = CLI_REFUSED;
    if (offer || !is_elsewhere(o, device, sp_last_offer(device))) {
        offer = offer ? offer : make_offer(s, key, o, device);
        rc = offer && redirect(s, o, device, offer) ? send_offer(s, o, device, offer) : CLI_REFUSED;
    }
    *(before ? &count->again : &count->done) += rc == CLI_DONE;
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

/* It is on record: what was told is not told again, and what was not is. */
static int keep_told(const struct sp *s, const json_t *device, json_t *offer, const char *member)
{
    return json_object_set_new(offer, member, json_true()) == 0 &&
                   sp_write(s, "devices", text_of(device, "dimsi"), device)
               ? CLI_DONE
               : CLI_REFUSED;
}

/* The operator may have it no more, or never have had it: both are as it should be. A device that
 * is in service there stays there. */
static int tell_operator(struct sp *s, const json_t *device, json_t *offer)
{
    char path[64];
    struct sp_answer a;
    snprintf(path, sizeof path, "/v1/offers/%s", text_of(device, "dimsi"));
    int rc = sp_call(s, "DELETE", text_of(offer, "link"), path, NULL, &a);
    if (rc != CLI_DONE) {
        return rc;
    }
    if ((a.status >= 200 && a.status <= 299) || a.status == 404) {
        rc = keep_told(s, device, offer, "withdrawn");
    } else {
        rc = sp_say_problem(text_of(device, "dimsi"), &a);
        if (!strcmp(sp_cause(&a), dimsi_cause_name(DIMSI_SPENT))) {
            (void)keep_told(s, device, offer, "in_service");
        }
    }
    sp_answer_free(&a);
    return rc;
}

static int revoke_one(struct sp *s, const char *dimsi, struct counts *count)
{
    json_t *device = sp_read(s, "devices", dimsi), *offer = sp_last_offer(device);
    int rc = CLI_DONE;
    if (!offer) {
        cli_error("%s: nobody was offered this device", dimsi);
        rc = CLI_REFUSED;
    } else if (!sp_is_true(offer, "revoked")) { /* first: from here on nobody gets the key */
        rc = tell_arpf(s, device, offer);
        rc = rc == CLI_DONE ? keep_told(s, device, offer, "revoked") : rc;
    }
    if (rc == CLI_DONE && !sp_is_true(offer, "withdrawn")) {
        rc = tell_operator(s, device, offer);
        count->in_service += sp_is_true(offer, "in_service");
    }
    count->done += rc == CLI_DONE;
    json_decref(device);
    return rc;
}

/* ---- one after the other ---- */

static bool is_meant(const struct sp *s, const struct offer *o, const char *dimsi)
{
    json_t *device = sp_read(s, "devices", dimsi), *last = sp_last_offer(device);
    const bool offerable = !last || sp_taken_back(last) ||
                           (!sp_is_true(last, "in_service") &&
                            !strcmp(text_of(last, "target"), o->revoke ? "" : o->to));
    const bool meant = o->revoke ? sp_to_take_back(last)
                                 : json_is_string(json_object_get(device, "token")) && offerable;
    json_decref(device);
    return meant;
}

static void say_counts(const struct offer *o, const struct counts *c)
{
    if (o->sp.common.json && o->revoke) {
        printf("{\"revoked\":%zu,\"refused\":%zu,\"in_service\":%zu}\n", c->done, c->failed,
               c->in_service);
    } else if (o->sp.common.json) {
        printf("{\"offered\":%zu,\"new\":%zu,\"again\":%zu,\"refused\":%zu}\n", c->done + c->again,
               c->done, c->again, c->failed);
    } else if (o->revoke) {
        printf("%zu taken back, %zu failed", c->done, c->failed);
        if (c->in_service > 0) {
            printf(", %zu of them in service with their operator, where they stay", c->in_service);
        }
        putchar('\n');
    } else {
        printf("%zu offered to %s, %zu of them again, %zu refused. Next: `bindery sp follow`\n",
               c->done + c->again, o->to, c->again, c->failed);
    }
}

/* One that fails does not stop the others. Offers go to one operator: when that cannot be reached
 * there are no others. */
static int each(struct sp *s, const struct signer *key, const struct offer *o, char **names,
                size_t n)
{
    struct counts count = {.done = 0};
    bool silent = false;
    for (size_t i = 0; i < n && (o->revoke || !silent); i++) {
        struct imsi dimsi;
        if (o->all && !is_meant(s, o, names[i])) {
            continue;
        }
        const int rc = !sp_dimsi(names[i], &dimsi) ? CLI_USAGE
                       : o->revoke                 ? revoke_one(s, dimsi.digits, &count)
                                                   : offer_one(s, key, o, dimsi.digits, &count);
        count.failed += rc != CLI_DONE;
        silent = silent || rc == CLI_UNREACHABLE;
        sp_progress(i + 1, n);
    }
    sp_progress(n, n);
    say_counts(o, &count);
    return count.failed == 0 ? CLI_DONE : silent ? CLI_UNREACHABLE : CLI_REFUSED;
}

static int run(const struct offer *o, const char *verb)
{
    static struct sp s;
    struct signer *key = NULL;
    struct verify_why why;
    char path[CLI_PATH_MAX], **names = NULL;
    size_t n = 0;
    int rc = sp_open_to_write(&o->sp, verb, &s);
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
    return sp_link(o.link) ? run(&o, argv[0]) : CLI_USAGE;
}

int sp_revoke(int argc, char **argv)
{
    struct offer o = {.revoke = true};
    return argp_parse(&revoke_argp, argc, argv, 0, NULL, &o) != 0 ? CLI_USAGE : run(&o, argv[0]);
}
