/* The verb `attach`: one device attaches at the MME of the directory, through bindery-ue. */
#include "cli/api_client.h"
#include "cli/cli.h"
#include "cli/home.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OTHERS_MAX = 64 };

struct options {
    struct cli_common common;
    const char *imsi, *imei, *device, *mme;
    char *others[OTHERS_MAX]; /* for bindery-ue, as they are */
    size_t n_others;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case 'i':
        o->imsi = arg;
        return 0;
    case 'e':
        o->imei = arg;
        return 0;
    case 'd':
        o->device = arg;
        return 0;
    case 'm':
        o->mme = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->n_others == OTHERS_MAX) {
            argp_error(state, "too many options for bindery-ue");
        }
        o->others[o->n_others++] = arg;
        return 0;
    case ARGP_KEY_END:
        if ((o->device == NULL) == (o->imei == NULL) || (o->imsi != NULL && o->imei == NULL)) {
            argp_error(state, "name the device: --device FILE, or --imsi IMSI and --imei IMEI; or "
                              "--imei IMEI alone of one that came without a subscription");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The file that `bindery device file` makes when it is given no name. */
bool cli_device_path(const struct cli_common *common, const struct imsi *imsi,
                     const struct imei *imei, char out[static CLI_PATH_MAX])
{
    char name[64];
    snprintf(name, sizeof name, "devices/%s%s%s.json", imsi ? imsi->digits : "", imsi ? "-" : "",
             imei->digits);
    return cli_path(cli_dir(common), name, out, CLI_PATH_MAX);
}

static int find_device(const struct options *o, char out[static CLI_PATH_MAX])
{
    struct imsi imsi;
    struct imei imei;
    if (o->device != NULL) {
        snprintf(out, CLI_PATH_MAX, "%s", o->device);
        return CLI_DONE;
    }
    if ((o->imsi != NULL && !cli_imsi(o->imsi, &imsi)) || !cli_imei(o->imei, &imei) ||
        !cli_device_path(&o->common, o->imsi != NULL ? &imsi : NULL, &imei, out)) {
        return CLI_USAGE;
    }
    if (access(out, F_OK) != 0 && o->imsi == NULL) {
        cli_error("%s: %s; `bindery device file --imei %s --identity LOT` makes it", out,
                  strerror(errno), imei.digits);
        return CLI_REFUSED;
    }
    if (access(out, F_OK) != 0) {
        cli_error("%s: %s; `bindery device file --imsi %s --imei %s --k-file ... --opc-file ...` "
                  "makes it",
                  out, strerror(errno), imsi.digits, imei.digits);
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

/* Where the MME of the directory listens. */
static int find_mme(const struct options *o, char *out, size_t cap)
{
    struct api api;
    struct api_answer answer;
    const struct api_request request = {.method = "GET", .path = "/v1/status"};
    if (o->mme != NULL) {
        snprintf(out, cap, "%s", o->mme);
        return CLI_DONE;
    }
    int rc = api_open_mme(&o->common, &api);
    if (rc != CLI_DONE) {
        return rc;
    }
    rc = api_do(&api, "status", &request, &answer);
    if (rc == CLI_DONE) {
        const json_t *first = json_array_get(json_object_get(answer.body, "listeners"), 0);
        snprintf(out, cap, "%s", api_text(first, "address"));
        api_answer_free(&answer);
    }
    api_close(&api);
    return rc;
}

/* Has the device a secure element, so that the RSMF of the directory is for it? */
static bool has_element(const char *device)
{
    char line[4096];
    bool found = false;
    FILE *f = fopen(device, "re");
    while (f && !found && fgets(line, sizeof line, f)) {
        found = strstr(line, "\"secure_element\"") != NULL;
    }
    if (f) {
        (void)fclose(f);
    }
    return found;
}

/* The address of the RSMF of the directory, for a device that may go there; NULL: nothing. */
static char *find_rsmf(const struct options *o, const char *device, char out[static 64])
{
    char link[64];
    const bool found = o->mme == NULL && has_element(device) &&
                       home_link(cli_dir(&o->common), "rsmf/rsmfd.yaml", "devices", link, 64);
    snprintf(out, 64, "127.0.0.1%.8s", found ? strrchr(link, ':') : "");
    return found ? out : NULL;
}

/* bindery-ue lies beside this program, or on the path. */
static int run(const struct options *o, char *device, char *mme)
{
    static char program[] = "bindery-ue", verb[] = "attach", on[] = "--device", at[] = "--mme",
                rsmf[] = "--rsmf";
    char *argv[8 + OTHERS_MAX + 1] = {program, verb, on, device, at, mme};
    char self[CLI_PATH_MAX], beside[CLI_PATH_MAX + sizeof program], address[64];
    size_t used = 6;
    char *manager = find_rsmf(o, device, address);
    if (manager) {
        argv[used++] = rsmf;
        argv[used++] = manager;
    }
    memcpy(argv + used, o->others, o->n_others * sizeof argv[0]);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL) {
        *slash = '\0';
        snprintf(beside, sizeof beside, "%s/%s", self, program);
        execv(beside, argv);
    }
    execvp(program, argv);
    cli_error("bindery-ue cannot be run: %s", strerror(errno));
    return CLI_REFUSED;
}

static const struct argp_option argp_options[] = {
    {"device", 'd', "FILE", 0, "the device's state file", 10},
    {"imsi", 'i', "IMSI", 0, "or the one of this USIM", 10},
    {"imei", 'e', "IMEI", 0, "in this device, which `bindery device file` made", 10},
    {"mme", 'm', "ADDRESS", 0, "another MME than that of the directory", 11},
    {0}};
static const struct argp_child children[] = {{&cli_common_argp, 0, "", 20}, {0}};
static const struct argp argp = {argp_options,
                                 take,
                                 "[-- OPTION OF bindery-ue attach...]",
                                 "Attaches a device over the air interface, at the MME that "
                                 "`bindery up` runs.\v`bindery-ue attach --help` has more options: "
                                 "write them behind `--`. The exit status is its own: 0 "
                                 "registered, 1 rejected or failed, 2 wrong usage, 3 no MME, 4 no "
                                 "answer in time.",
                                 children,
                                 NULL,
                                 NULL};

int cli_attach(int argc, char **argv)
{
    struct options o = {0};
    char device[CLI_PATH_MAX], mme[128];
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    int rc = find_device(&o, device);
    if (rc == CLI_DONE) {
        rc = find_mme(&o, mme, sizeof mme);
    }
    return rc == CLI_DONE ? run(&o, device, mme) : rc;
}
