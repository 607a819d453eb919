/* bench/restart - how long an HSS takes from its start to its first vector: starts a program, asks
 * for a connection until there is one, says who it is, asks for one vector.
 *
 *   bench_restart --to IP:PORT --imsi IMSI -- PROGRAM [ARGUMENT...]
 *
 * Prints "pid TAB value" of the program, which keeps running, and "restart.ms TAB value": from
 * before fork to the AIA. Ends with 1 if that takes over a minute or the answer is not success.
 */
#include "air_message.h"
#include "lib/link.h"
#include "lib/measure.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GIVE_UP_NS 60000000000U
#define PAUSE_NS   200000 /* between two attempts: what the figure is exact to */
#define MSG_MAX    8192

static pid_t child;

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_restart: %s: %s\n", what, why);
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    exit(1);
}

static pid_t start(char **argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    if (pid < 0) {
        die("fork", strerror(errno));
    }
    return pid;
}

static int try_connect(const struct sockaddr_in *to)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)to, sizeof *to) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int connect_soon(const struct sockaddr_in *to, uint64_t until)
{
    for (;;) {
        struct timespec pause = {.tv_nsec = PAUSE_NS};
        int fd = try_connect(to);
        if (fd >= 0) {
            return fd;
        }
        if (now_ns() > until || waitpid(child, NULL, WNOHANG) == child) {
            die("the program", "ended, or does not listen");
        }
        nanosleep(&pause, NULL);
    }
}

static struct bytes receive(int fd, struct mbytes room)
{
    size_t n = 0, total = 0;
    while (diameter_frame((struct bytes){room.p, n}, room.n, &total) == E_AGAIN) {
        ssize_t got = recv(fd, room.p + n, room.n - n, 0);
        if (got <= 0) {
            die("receive", got == 0 ? "the connection was closed" : strerror(errno));
        }
        n += (size_t)got;
    }
    return (struct bytes){room.p, total};
}

static void exchange(int fd, struct bytes request)
{
    uint8_t room[MSG_MAX];
    if (send(fd, request.p, request.n, MSG_NOSIGNAL) != (ssize_t)request.n) {
        die("send", strerror(errno));
    }
    if (result_of(receive(fd, MBYTES_OF(room))) != DIAMETER_SUCCESS) {
        die("the answer", "is not success");
    }
}

static void ask(int fd, uint64_t imsi)
{
    static const struct identity who = {.host = "mme1.visited.bench",
                                        .realm = "visited.bench",
                                        .destination_realm = "home.bench",
                                        .plmn = {0x00, 0xf1, 0x10}};
    static const uint8_t ip[4] = {127, 0, 0, 1};
    uint8_t cer[1024], air[AIR_MAX];
    struct air_template t;
    size_t n = 0;
    if (cer_make(&who, ip, MBYTES_OF(cer), &n) != E_OK || air_template_make(&who, 1, &t) != E_OK) {
        die("start", "the requests could not be written");
    }
    exchange(fd, (struct bytes){cer, n});
    air_stamp(&t, 1, imsi, air);
    exchange(fd, (struct bytes){air, t.n});
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"to", required_argument, NULL, 't'},
                                            {"imsi", required_argument, NULL, 'i'},
                                            {NULL, 0, NULL, 0}};
    struct sockaddr_in to = {0};
    uint64_t imsi = 0;
    int option;
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (option == 't') {
            to = address_or_die(optarg);
        } else if (option == 'i') {
            imsi = number_or_die(optarg, "imsi", 1, 999999999999999U);
        } else {
            return 2;
        }
    }
    if (to.sin_port == 0 || imsi == 0 || optind >= argc) {
        die("usage", "bench_restart --to IP:PORT --imsi IMSI -- PROGRAM [ARGUMENT...]");
    }
    uint64_t from = now_ns();
    child = start(argv + optind);
    int fd = connect_soon(&to, from + GIVE_UP_NS);
    ask(fd, imsi);
    printf("restart.ms\t%.2f\n", (double)(now_ns() - from) / 1e6);
    printf("pid\t%d\n", (int)child);
    close(fd);
    return 0;
}
