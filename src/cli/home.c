#include "cli/home.h"
#include "cli/pki.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORT_TCP 3868
#define PORT_TLS 5658
#define PORT_S1  36412
#define REALM    "epc.mnc001.mcc001.3gppnetwork.org"

bool home_make(const char *dir)
{
    struct stat st;
    if (mkdir(dir, 0700) == 0) {
        return true;
    }
    if (errno != EEXIST || stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        cli_error("%s: %s", dir,
                  errno == EEXIST ? "it is there and no directory" : strerror(errno));
        return false;
    }
    if (st.st_mode & 022) {
        cli_error("%s: others may write there; `chmod go-w %s` first", dir, dir);
        return false;
    }
    return true;
}

/* ---- the lock ---- */

static int open_lock(const char *dir, int flags)
{
    char path[CLI_PATH_MAX];
    return cli_path(dir, "lock", path, sizeof path) ? open(path, flags | O_CLOEXEC, 0600) : -1;
}

static pid_t holder_of(int fd)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK ? l.l_pid : 0;
}

int home_lock(const char *dir, pid_t *holder)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open_lock(dir, O_RDWR | O_CREAT);
    *holder = 0;
    if (fd < 0) {
        cli_error("%s/lock: %s", dir, strerror(errno));
        return -1;
    }
    if (fcntl(fd, F_SETLK, &l) == 0) {
        return fd;
    }
    *holder = holder_of(fd);
    if (!*holder) {
        cli_error("%s/lock: %s", dir, strerror(errno));
    }
    (void)close(fd);
    return -1;
}

pid_t home_holder(const char *dir)
{
    int fd = open_lock(dir, O_RDWR);
    if (fd < 0 && errno != ENOENT) {
        cli_error("%s/lock: %s", dir, strerror(errno));
        return -1;
    }
    if (fd < 0) {
        return 0;
    }
    pid_t pid = holder_of(fd);
    (void)close(fd);
    return pid;
}

/* ---- ports ---- */

/* Can we listen there? *port 0 gets a free one. */
static bool is_free(long *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)*port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
                bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0 &&
                getsockname(fd, (struct sockaddr *)&a, &n) == 0;
    *port = good ? ntohs(a.sin_port) : *port;
    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

static bool choose_port(const char *option, long wanted, long registered, long *out)
{
    *out = wanted < 0 ? registered : wanted;
    if (is_free(out)) {
        return true;
    }
    cli_error("127.0.0.1:%ld is taken by another program; stop it, or give `up` another port with "
              "%s N (0: a free one)",
              *out, option);
    return false;
}

/* ---- first contents ---- */

static bool write_fd(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, text, n);
        if (done < 0 && errno != EINTR) {
            return false;
        }
        done = done < 0 ? 0 : done;
        text += done;
        n -= (size_t)done;
    }
    return fsync(fd) == 0;
}

bool home_write(const char *dir, const char *name, const char *text, size_t n)
{
    char path[CLI_PATH_MAX], fresh[CLI_PATH_MAX];
    char leaf[64];
    snprintf(leaf, sizeof leaf, "%s.new", name);
    if (!cli_path(dir, name, path, sizeof path) || !cli_path(dir, leaf, fresh, sizeof fresh)) {
        return false;
    }
    (void)unlink(fresh); /* of an `up` that was killed; the lock is ours */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write_fd(fd, text, n);
    if (fd >= 0 && close(fd) != 0) {
        good = false;
    }
    good = good && link(fresh, path) == 0; /* refuses to replace */
    if (!good) {
        cli_error("%s: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        (void)unlink(fresh);
    }
    return good;
}

static bool write_kek(const char *dir)
{
    uint8_t kek[32];
    char text[2 * sizeof kek + 2];
    if (getrandom(kek, sizeof kek, 0) != (ssize_t)sizeof kek) {
        cli_error("no random numbers: %s", strerror(errno));
        return false;
    }
    hex_encode(BYTES_OF(kek), text);
    text[sizeof text - 2] = '\n';
    bool good = home_write(dir, "kek", text, sizeof text - 1);
    wipe(kek, sizeof kek);
    wipe(text, sizeof text);
    return good;
}

static bool write_config(const char *dir, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool write_config(const char *dir, const char *name, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return n > 0 && (size_t)n < sizeof text && home_write(dir, name, text, (size_t)n);
}

static const char hssd_format[] =
    "# Made by `bindery up`; yours to change from here on. man 5 hssd.yaml tells every key.\n"
    "# Paths are relative to this file's directory, where `bindery up` starts the daemon.\n"
    "origin_host: hss." REALM "\n"
    "origin_realm: " REALM "\n"
    "plmns: [\"001-01\"]\n"
    "\n"
    "store:\n"
    "  path: hss.db\n"
    "  key_file: kek\n"
    "admin:\n"
    "  socket: admin.sock\n"
    "\n"
    "listeners:\n"
    "  - address: tcp://127.0.0.1:%ld\n"
    "  - address: tls://127.0.0.1:%ld\n"
    "    certificate: pki/hss.crt\n"
    "    key: pki/hss.key\n"
    "    ca: pki/ca.crt\n"
    "\n"
    "# Only these may speak to the HSS, and only for what stands here.\n"
    "peers:\n"
    "  - origin_host: mme." REALM "\n"
    "    realm: " REALM "\n"
    "    visited_plmns: [\"001-01\"]\n"
    "    transports: [tcp, tls]\n"
    "    sends_served_imei: false\n"
    "  - origin_host: mme1." REALM "\n"
    "    realm: " REALM "\n"
    "    visited_plmns: [\"001-01\"]\n"
    "    transports: [tls]\n"
    "    sends_served_imei: true\n"
    "\n"
    "profiles:\n"
    "  - name: default\n"
    "    default_apn: internet\n"
    "    ambr: {uplink: 50000000, downlink: 100000000}\n"
    "    apns:\n"
    "      - name: internet\n"
    "        context: 1\n"
    "        pdn_type: ipv4v6\n"
    "        qci: 9\n"
    "        arp: {priority: 8}\n"
    "        ambr: {uplink: 50000000, downlink: 100000000}\n"
    "\n"
    "alarms:\n"
    "  suspected_theft_after: 3\n"
    "  unconfirmed_vectors_after: 10\n"
    "eir:\n"
    "  enabled: true\n"
    "  unknown: allow\n";

static const char mmed_format[] =
    "# Made by `bindery up`; yours to change from here on. man 5 mmed.yaml tells every key.\n"
    "# Paths are relative to this file's directory. Without this file `bindery up` starts no MME.\n"
    "origin_host: mme1." REALM "\n"
    "origin_realm: " REALM "\n"
    "plmn: \"001-01\"\n"
    "tracking_areas: [1]\n"
    "\n"
    "admin:\n"
    "  socket: mme.sock\n"
    "\n"
    "listeners:\n"
    "  - address: s1-tcp://127.0.0.1:%ld\n"
    "\n"
    "homes:\n"
    "  - plmns: [\"001-01\"]\n"
    "    peers: [hss." REALM "]\n"
    "peers:\n"
    "  - origin_host: hss." REALM "\n"
    "    realm: " REALM "\n"
    "    address: tls://127.0.0.1:%ld\n"
    "    certificate: pki/mme1.crt\n"
    "    key: pki/mme1.key\n"
    "    ca: pki/ca.crt\n"
    "\n"
    "serve: true # a default bearer at the end of an attach\n"
    "sends_served_imei: true\n"
    "check_imei: true\n"
    "network_name: Bindery\n";

static bool make_pki(const char *dir)
{
    static const char *const hosts[] = {"hss." REALM, "mme." REALM, "mme1." REALM};
    static const char *const names[] = {"hss", "mme", "mme1"};
    char path[CLI_PATH_MAX];
    return cli_path(dir, "pki", path, sizeof path) && pki_make(path, names, hosts, 3);
}

static bool is_there(const char *dir, const char *name)
{
    char path[CLI_PATH_MAX];
    return cli_path(dir, name, path, sizeof path) && access(path, F_OK) == 0;
}

bool home_has_mme(const char *dir)
{
    return is_there(dir, "mmed.yaml");
}

/* One without an hssd.yaml is of a first run that did not end, and has other ports. */
static bool put_mme_aside(const char *dir)
{
    char path[CLI_PATH_MAX], aside[CLI_PATH_MAX];
    if (!home_has_mme(dir)) {
        return true;
    }
    return cli_path(dir, "mmed.yaml", path, sizeof path) &&
           cli_path(dir, "mmed.yaml.old", aside, sizeof aside) && rename(path, aside) == 0;
}

bool home_furnish(const char *dir, const struct home_ports *wanted)
{
    struct home_ports ports;
    if (is_there(dir, "hssd.yaml")) {
        if (wanted->tcp >= 0 || wanted->tls >= 0 || wanted->s1 >= 0) {
            cli_error("%s/hssd.yaml is there already: its listeners and those of mmed.yaml count, "
                      "not the ports of the command line; change them there",
                      dir);
        }
        return true;
    }
    if (!choose_port("--port", wanted->tcp, PORT_TCP, &ports.tcp) ||
        !choose_port("--tls-port", wanted->tls, PORT_TLS, &ports.tls) ||
        !choose_port("--s1-port", wanted->s1, PORT_S1, &ports.s1)) {
        return false;
    }
    /* the HSS's configuration comes last: where it is, everything is */
    return (is_there(dir, "kek") || write_kek(dir)) && (is_there(dir, "pki") || make_pki(dir)) &&
           put_mme_aside(dir) && write_config(dir, "mmed.yaml", mmed_format, ports.s1, ports.tls) &&
           write_config(dir, "hssd.yaml", hssd_format, ports.tcp, ports.tls);
}
