/* The verbs `up` and `down`: an HSS, an MME and a repository of device bindings in a directory,
 * running while somebody wants them to.
 */
#include "cli/api_client.h"
#include "cli/home.h"
#include "cli/status_view.h"
#include "cli/supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct options {
    struct cli_common common;
    bool detach;
    const char *port, *tls_port, *s1_port, *repo_port, *trace, *mme_trace, *discovery_trace, *plmn;
    bool trace_secrets;
    struct home_ports ports; /* of what was written above */
    struct plmn network;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case 'd':
        o->detach = true;
        return 0;
    case 'p':
        o->port = arg;
        return 0;
    case 'P':
        o->tls_port = arg;
        return 0;
    case '1':
        o->s1_port = arg;
        return 0;
    case 'R':
        o->repo_port = arg;
        return 0;
    case 't':
        o->trace = arg;
        return 0;
    case 'T':
        o->mme_trace = arg;
        return 0;
    case 'D':
        o->discovery_trace = arg;
        return 0;
    case 'x':
        o->trace_secrets = true;
        return 0;
    case 'm':
        o->plmn = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option up_options[] = {
    {"detach", 'd', NULL, 0, "return as soon as everything serves", 0},
    {"port", 'p', "N", 0, "the first run's Diameter port (3868); 0: a free one", 0},
    {"tls-port", 'P', "N", 0, "the first run's Diameter port with TLS (5658); 0: a free one", 0},
    {"s1-port", '1', "N", 0, "the first run's S1 port (36412); 0: a free one", 0},
    {"repo-port", 'R', "N", 0,
     "the first run's port of the repository (8443), with eight more behind it for ARPF, "
     "discovery AUSF, RSMF, offers and administration; 0: free ones",
     0},
    {"plmn", 'm', "MCC-MNC", 0, "the first run's network (001-01)", 0},
    {"trace", 't', "FILE.pcapng", 0, "write what the HSS sends and receives", 0},
    {"mme-trace", 'T', "FILE.pcapng", 0, "write what the MME sends and receives", 0},
    {"discovery-trace", 'D', "FILE.pcapng", 0, "write what the discovery AUSF sends and receives",
     0},
    {"trace-secrets", 'x', NULL, 0, "WITH the keys that travel, else they are zeroed", 0},
    {0},
};
static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
static const struct argp up_argp = {
    up_options,
    take,
    NULL,
    "Starts an HSS, an MME, a repository of device keys, and the parties of a first attach with a "
    "discovery IMSI (ARPF, discovery AUSF, RSMF) on loopback in a directory, with everything they "
    "need.\v"
    "The first run makes their configurations, keys and demonstration certificates; later runs use "
    "what is there. Without -d it stays in the foreground until Ctrl-C. A daemon that dies is "
    "started again three times.",
    children,
    NULL,
    NULL};
static const struct argp down_argp = {NULL,     take, NULL, "Stops what `bindery up` started.",
                                      children, NULL, NULL};

/* ---- up ---- */

static void say_running(const struct options *o)
{
    json_t *status;
    /* ours, wherever --socket or the environment point */
    struct cli_common own = {.dir = cli_dir(&o->common), .json = o->common.json};
    if (status_get(&own, &status) != CLI_DONE) {
        return;
    }
    if (o->common.json) {
        api_print_json(status);
    } else {
        status_view_addresses(&own, status);
        printf("\nNext: `bindery import FILE.csv`, `bindery status`, `bindery logs -f`.\n"
               "`bindery down` stops it.\n");
    }
    (void)fflush(stdout);
    json_decref(status);
}

static void already_running(const char *dir, pid_t holder)
{
    cli_error("%s: an HSS runs there already (process %d); `bindery status` shows it, `bindery "
              "down` stops it",
              dir, (int)holder);
}

/* In the background everything but the outcome goes to a file. */
static void let_go_of_terminal(const char *dir)
{
    char path[CLI_PATH_MAX];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = cli_path(dir, "log/up.log", path, sizeof path)
                  ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
                  : -1;
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(log >= 0 ? log : null, STDOUT_FILENO);
        (void)dup2(log >= 0 ? log : null, STDERR_FILENO);
    }
}

/* `told` is the pipe to the `up` that waits in front, or -1. */
static int supervise(const struct options *o, struct supervisor *s, int told)
{
    const char *dir = cli_dir(&o->common);
    char serving = CLI_DONE;
    if (!supervisor_start(s)) {
        return CLI_REFUSED;
    }
    say_running(o);
    if (told >= 0) {
        let_go_of_terminal(dir);
        if (write(told, &serving, 1) != 1) {
            return CLI_REFUSED;
        }
        (void)close(told);
    } else if (!o->common.json) {
        puts("Ctrl-C stops it.");
        (void)fflush(stdout);
    }
    int rc = supervisor_run(s);
    if (told < 0 && !o->common.json) {
        puts("stopped");
    }
    return rc;
}

static void name_daemon(struct supervisor *s, const char *const names[3], const char *trace,
                        bool secrets)
{
    struct supervised *d = &s->daemon[s->n++];
    size_t n = 0;
    d->name = names[0];
    d->program = names[1];
    d->args[n++] = "--config";
    d->args[n++] = names[2];
    if (trace) {
        d->args[n++] = "--trace";
        d->args[n++] = trace;
    }
    if (trace && secrets) {
        d->args[n++] = "--trace-secrets";
    }
}

/* Where to; NULL: nowhere. */
struct traces {
    const char *hss, *mme, *discovery;
};

/* First those that the HSS asks; then the HSS, which the MME connects to. */
static void name_daemons(struct supervisor *s, const struct options *o, const struct traces *traces)
{
    static const char *const hssd[3] = {"hssd", "bindery-hssd", "hssd.yaml"};
    static const char *const mmed[3] = {"mmed", "bindery-mmed", "mmed.yaml"};
    static const char *const repod[3] = {"repod", "bindery-repod", "repod.yaml"};
    static const char *const parties[][3] = {
        {"arpfd", "bindery-arpfd", "arpf/arpfd.yaml"},
        {"dausfd", "bindery-dausfd", "discovery/dausfd.yaml"},
        {"rsmfd", "bindery-rsmfd", "rsmf/rsmfd.yaml"},
    };
    if (home_has_repo(s->dir)) {
        name_daemon(s, repod, NULL, false);
    }
    for (size_t i = 0; i < sizeof parties / sizeof parties[0]; i++) {
        if (home_has(s->dir, parties[i][2])) {
            name_daemon(s, parties[i], i == 1 ? traces->discovery : NULL, o->trace_secrets);
        }
    }
    name_daemon(s, hssd, traces->hss, o->trace_secrets);
    if (home_has_mme(s->dir)) {
        name_daemon(s, mmed, traces->mme, o->trace_secrets);
    }
}

/* The daemon runs in the directory: a relative path of ours must not be taken from there. */
static bool absolute_path(const char *path, char out[static CLI_PATH_MAX])
{
    char here[PATH_MAX];
    if (*path == '/') {
        return snprintf(out, CLI_PATH_MAX, "%s", path) < CLI_PATH_MAX;
    }
    return getcwd(here, sizeof here) && cli_path(here, path, out, CLI_PATH_MAX);
}

static bool place_trace(const char *path, char room[static CLI_PATH_MAX], const char **out)
{
    *out = path ? room : NULL;
    return !path || absolute_path(path, room);
}

static int furnish_and_run(const struct options *o, int told)
{
    const char *dir = cli_dir(&o->common);
    char path[3][CLI_PATH_MAX];
    struct traces traces;
    struct supervisor s;
    int rc = CLI_REFUSED;
    if (!place_trace(o->trace, path[0], &traces.hss) ||
        !place_trace(o->mme_trace, path[1], &traces.mme) ||
        !place_trace(o->discovery_trace, path[2], &traces.discovery) ||
        !home_furnish(dir, &o->ports, o->plmn ? &o->network : NULL)) {
        return rc;
    }
    bool open = supervisor_open(&s, dir);
    if (open) {
        name_daemons(&s, o, &traces);
        rc = supervise(o, &s, told);
    }
    supervisor_close(&s);
    return rc;
}

static int hold_and_run(const struct options *o, int told)
{
    const char *dir = cli_dir(&o->common);
    pid_t holder;
    int lock = home_lock(dir, &holder);
    if (lock < 0) {
        if (holder) {
            already_running(dir, holder);
        }
        return CLI_REFUSED;
    }
    int rc = furnish_and_run(o, told);
    (void)close(lock);
    return rc;
}

static int detach(const struct options *o)
{
    int ends[2];
    char outcome;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        cli_error("a pipe: %s", strerror(errno));
        return CLI_REFUSED;
    }
    pid_t pid = fork();
    if (pid < 0) {
        cli_error("a process: %s", strerror(errno));
        return CLI_REFUSED;
    }
    if (pid == 0) {
        (void)close(ends[0]);
        (void)setsid();
        exit(hold_and_run(o, ends[1]));
    }
    (void)close(ends[1]);
    ssize_t n;
    do {
        n = read(ends[0], &outcome, 1);
    } while (n < 0 && errno == EINTR);
    (void)close(ends[0]);
    return n == 1 ? outcome : CLI_REFUSED; /* the reason was said */
}

static bool read_ports(const struct options *o, struct home_ports *ports)
{
    ports->tcp = ports->tls = ports->s1 = ports->repo = -1;
    return (!o->port || cli_number("--port", o->port, 0, 65535, &ports->tcp)) &&
           (!o->tls_port || cli_number("--tls-port", o->tls_port, 0, 65535, &ports->tls)) &&
           (!o->s1_port || cli_number("--s1-port", o->s1_port, 0, 65535, &ports->s1)) &&
           (!o->repo_port || cli_number("--repo-port", o->repo_port, 0, 65535, &ports->repo));
}

static bool read_network(const struct options *o, struct plmn *network)
{
    if (!o->plmn || plmn_parse(bytes_of_str(o->plmn), network) == E_OK) {
        return true;
    }
    cli_error("--plmn '%s' is no PLMN: write it like 001-01", o->plmn);
    return false;
}

int cli_up(int argc, char **argv)
{
    struct options o = {0};
    char socket[CLI_SOCKET_MAX];
    if (argp_parse(&up_argp, argc, argv, 0, NULL, &o) != 0 || !read_ports(&o, &o.ports) ||
        !read_network(&o, &o.network) || !cli_local_only(&o.common, "up") ||
        !cli_socket_path(&o.common, socket) ||
        !cli_trace_path(o.trace, o.trace_secrets && !o.mme_trace && !o.discovery_trace) ||
        !cli_trace_path(o.mme_trace, false) || !cli_trace_path(o.discovery_trace, false)) {
        return CLI_USAGE;
    }
    if (!home_make(cli_dir(&o.common))) {
        return CLI_REFUSED;
    }
    return o.detach ? detach(&o) : hold_and_run(&o, -1);
}

/* ---- down ---- */

static int stop_holder(const char *dir, pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    /* asked again now that the descriptor pins the process: it is still the one with the lock */
    if (fd < 0 || home_holder(dir) != pid) {
        cli_error("%s: it stopped by itself", dir);
        if (fd >= 0) {
            (void)close(fd);
        }
        return CLI_DONE;
    }
    if (syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) != 0) {
        cli_error("process %d cannot be stopped: %s", (int)pid, strerror(errno));
        (void)close(fd);
        return CLI_REFUSED;
    }
    int n;
    do {
        n = poll(&p, 1, 60000);
    } while (n < 0 && errno == EINTR);
    (void)close(fd);
    if (n == 0) {
        cli_error("process %d does not stop; `bindery logs` may say why", (int)pid);
    }
    return n > 0 ? CLI_DONE : CLI_REFUSED;
}

int cli_down(int argc, char **argv)
{
    struct options o = {0};
    if (argp_parse(&down_argp, argc, argv, 0, NULL, &o) != 0 ||
        !cli_local_only(&o.common, "down")) {
        return CLI_USAGE;
    }
    const char *dir = cli_dir(&o.common);
    pid_t pid = home_holder(dir);
    if (pid < 0) {
        return CLI_REFUSED;
    }
    if (!pid) {
        cli_error("%s: no HSS of `bindery up` runs there", dir);
        return CLI_UNREACHABLE;
    }
    int rc = stop_holder(dir, pid);
    if (rc == CLI_DONE && !o.common.json) {
        puts("stopped");
    }
    return rc;
}
