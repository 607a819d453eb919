/* `bindery-ue se`: what a device's secure element has, and orders of a service provider for it. */
#include "crypto/openssl.h"
#include "device/linux/se_files.h"
#include "device/linux/soft_se.h"
#include "emulator/commands.h"
#include "emulator/options.h"
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_LEN 4096

/* ---- show ---- */

static void digest_of(const struct crypto *c, struct bytes der, char out[static 65])
{
    uint8_t digest[32];
    out[0] = '\0';
    if (c->sha256(c->ctx, &der, 1, digest) == E_OK) {
        hex_encode(BYTES_OF(digest), out);
    }
}

static const char *phase_of(const struct device_state *s, size_t i)
{
    const struct dimsi_slot *slot = &s->se.slot[i];
    const bool its = s->discovery.slot == i + 1;
    return slot->erased                              ? "erased"
           : its && s->discovery.previous.imsi.n > 0 ? "managed"
           : its && s->discovery.trial.confirmed     ? "registered"
           : its                                     ? "installed"
           : slot->installed                         ? "given-up"
                                                     : "agreed";
}

static const char *phase_text(const char *phase)
{
    static const char *const texts[][2] = {
        {"erased", "done: its key is erased, the operator's own subscription is there"},
        {"managed", "the operator's own subscription is on trial, the RSMF does not know it works"},
        {"registered", "the device was registered with the IMSI that came"},
        {"installed", "an IMSI came, and was not used yet"},
        {"given-up", "an IMSI came, and was given up: the device attaches with the dIMSI"},
        {"agreed", "the device attaches with the dIMSI"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i][0], phase) == 0) {
            return texts[i][1];
        }
    }
    return "";
}

static void print_se(const struct crypto *c, const struct device_state *s)
{
    char imei[IMEI_DIGITS + 2], names[3][SOFT_SE_NAME_MAX], digest[65], token[65];
    imei_print(&s->imei, imei);
    soft_se_name(device_certificate(&s->se.chain, 0), names[0]);
    soft_se_name(device_certificate(&s->se.chain, 1), names[1]);
    soft_se_name(device_certificate(&s->se.ci, 0), names[2]);
    digest_of(c, device_certificate(&s->se.chain, 0), digest);
    printf("IMEI   %s\nSE     %s\n       SHA-256 %s\nPart   %s\nCI     %s\nTokens %u\n", imei,
           names[0], digest, names[1], names[2], (unsigned)s->se.tokens);
    for (size_t i = 0; i < s->se.n_slots; i++) {
        const struct dimsi_slot *slot = &s->se.slot[i];
        hex_encode(BYTES_OF(slot->token), token);
        printf("dIMSI  %s, agreed with %s\n       token %s\n       %s%s%s\n", slot->dimsi.digits,
               slot->arpf.text, token, slot->installed ? slot->imsi.digits : "",
               slot->installed ? ": " : "", phase_text(phase_of(s, i)));
    }
}

static json_t *slots_json(const struct device_state *s)
{
    json_t *list = json_array();
    char token[65];
    for (size_t i = 0; i < s->se.n_slots; i++) {
        const struct dimsi_slot *slot = &s->se.slot[i];
        hex_encode(BYTES_OF(slot->token), token);
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s?}", "dimsi",
                                                    slot->dimsi.digits, "arpf", slot->arpf.text,
                                                    "token", token, "phase", phase_of(s, i), "imsi",
                                                    slot->installed ? slot->imsi.digits : NULL));
    }
    return list;
}

static bool json_se(const struct crypto *c, const struct device_state *s)
{
    char imei[IMEI_DIGITS + 2], names[3][SOFT_SE_NAME_MAX], digest[65];
    imei_print(&s->imei, imei);
    soft_se_name(device_certificate(&s->se.chain, 0), names[0]);
    soft_se_name(device_certificate(&s->se.chain, 1), names[1]);
    soft_se_name(device_certificate(&s->se.ci, 0), names[2]);
    digest_of(c, device_certificate(&s->se.chain, 0), digest);
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s?, s:o}", "imei", imei, "se", names[0],
                          "se_sha256", digest, "part_number", names[1], "ci", names[2], "tokens",
                          (json_int_t)s->se.tokens, "imsi", s->imsi.n > 0 ? s->imsi.digits : NULL,
                          "slots", slots_json(s));
    const bool said = o != NULL && json_dumpf(o, stdout, JSON_INDENT(2)) == 0;
    json_decref(o);
    return putchar('\n') != EOF && said;
}

static int show(const struct ue_options *o, const struct crypto *c)
{
    struct device_state s;
    struct device_why why;
    int rc = UE_DONE;
    if (device_state_load(o->file, &s, &why) != E_OK) {
        options_error("%s", why.text);
        return UE_REFUSED;
    }
    if (s.se.key.n == 0) {
        options_error("%s: the device has no secure element", o->file);
        rc = UE_REFUSED;
    } else if (options_flag(o, FLAG_JSON)) {
        rc = json_se(c, &s) ? UE_DONE : UE_REFUSED;
    } else {
        print_se(c, &s);
    }
    device_state_wipe(&s);
    return rc;
}

/* ---- accept ---- */

struct counted {
    unsigned now, before, refused;
};

static void accept_one(const struct ue_options *o, const struct crypto *c, const char *device,
                       const char *order, const char *credentials, struct counted *n)
{
    struct device_why why = {""};
    struct imsi gone;
    switch (se_accept(c, device, order, credentials, options_flag(o, FLAG_AGAIN),
                      (int64_t)time(NULL), &gone, &why)) {
    case SE_ACCEPTED_NOW:
        n->now++;
        break;
    case SE_ACCEPTED_BEFORE:
        n->before++;
        break;
    case SE_NOT_ACCEPTED:
        n->refused++;
        options_error("%s", why.text);
        break;
    }
    if (gone.n > 0) {
        printf("%s: subscription %s is given up, for it was made of the key before\n", device,
               gone.digits);
    }
}

static int end(const struct counted *n)
{
    printf("%u accepted", n->now);
    if (n->before > 0) {
        printf(", %u were before", n->before);
    }
    printf(", %u not\n", n->refused);
    return n->refused > 0 ? UE_REFUSED : UE_DONE;
}

static int is_order(const struct dirent *e)
{
    const size_t n = strlen(e->d_name);
    return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

static bool path_of(const char *dir, const char *name, char out[static PATH_LEN])
{
    const int n = snprintf(out, PATH_LEN, "%s/%s", dir, name);
    return n > 0 && n < PATH_LEN;
}

/* Before a key is agreed on whose token would find no place. */
static bool make_folder(const char *path)
{
    struct stat st;
    const bool there = mkdir(path, 0755) == 0 || errno == EEXIST;
    if (there && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return true;
    }
    options_error("%s: %s", path, there ? "it is no folder" : strerror(errno));
    return false;
}

/*= dimsi-several */
static int accept_all(const struct ue_options *o, const struct crypto *c)
{
    char device[PATH_LEN], order[PATH_LEN], credentials[PATH_LEN];
    const char *orders = options_text(o, OPT_ORDERS);
    const bool terminal = isatty(2) != 0;
    struct counted count = {0, 0, 0};
    struct dirent **list = NULL;
    const int n = scandir(orders, &list, is_order, alphasort);
    if (n < 0) {
        options_error("%s: %s", orders, strerror(errno));
        return UE_REFUSED;
    }
    if (n > 0 && !make_folder(options_text(o, OPT_CREDENTIALS))) {
        for (int i = 0; i < n; i++) {
            free(list[i]);
        }
        free(list);
        return UE_REFUSED;
    }
    for (int i = 0; i < n; i++) {
        if (path_of(options_text(o, OPT_DEVICES), list[i]->d_name, device) &&
            path_of(orders, list[i]->d_name, order) &&
            path_of(options_text(o, OPT_CREDENTIALS), list[i]->d_name, credentials)) {
            accept_one(o, c, device, order, credentials, &count);
        } else {
            count.refused++;
        }
        if (terminal && (i + 1 == n || i % 64 == 0)) {
            fprintf(stderr, "\r\033[K%d of %d%s", i + 1, n, i + 1 == n ? "\n" : "");
        }
        free(list[i]);
    }
    free(list);
    if (n == 0) {
        options_error("%s: no order is there (NAME.json)", orders);
        return UE_REFUSED;
    }
    return end(&count);
}

static int accept_orders(const struct ue_options *o, const struct crypto *c)
{
    const char *device = options_text(o, OPT_DEVICE), *order = options_text(o, OPT_ORDER);
    const char *devices = options_text(o, OPT_DEVICES), *orders = options_text(o, OPT_ORDERS);
    const char *credentials = options_text(o, OPT_CREDENTIALS);
    struct counted count = {0, 0, 0};
    const bool one = device != NULL && order != NULL && devices == NULL && orders == NULL;
    const bool many = device == NULL && order == NULL && devices != NULL && orders != NULL;
    if ((!one && !many) || credentials == NULL) {
        options_error("give --device FILE, --order FILE and --credentials FILE, or --devices DIR, "
                      "--orders DIR and --credentials DIR");
        return UE_USAGE;
    }
    if (many && mkdir(credentials, 0700) != 0 && errno != EEXIST) {
        options_error("%s: %s", credentials, strerror(errno));
        return UE_REFUSED;
    }
    if (many) {
        return accept_all(o, c);
    }
    accept_one(o, c, device, order, credentials, &count);
    return end(&count);
}

/* ---- both ---- */

int command_se(int argc, char **argv)
{
    struct ue_options o;
    struct crypto c;
    const bool shows = argc > 1 && strcmp(argv[1], "show") == 0;
    memset(&o, 0, sizeof o);
    if (!shows && (argc < 2 || strcmp(argv[1], "accept") != 0)) {
        options_error("say `bindery-ue se show FILE` or `bindery-ue se accept ...`; --help of each "
                      "says more");
        return UE_USAGE;
    }
    o.takes_file = shows;
    argv[1] = argv[0];
    if (argp_parse(shows ? &options_se_show : &options_se_accept, argc - 1, argv + 1, 0, NULL,
                   &o) != 0) {
        return UE_USAGE;
    }
    if (shows && o.file == NULL) {
        options_error("which device? Name its state file");
        return UE_USAGE;
    }
    if (crypto_openssl_open(&c) != E_OK) {
        options_error("the cryptographic library could not be opened");
        return UE_REFUSED;
    }
    const int rc = shows ? show(&o, &c) : accept_orders(&o, &c);
    crypto_openssl_close(&c);
    return rc;
}
