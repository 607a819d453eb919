#include "raw_admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX 65536

static int connect_to(const struct raw_place *at)
{
    struct timeval wait = {.tv_sec = RAW_WAIT_SECONDS};
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(to.sun_path, sizeof to.sun_path, "%s/admin", at->work);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Everything until the other side closes. */
static size_t exchange(int fd, const char *request, size_t n, char *answer)
{
    size_t got = 0;
    ssize_t more = send(fd, request, n, MSG_NOSIGNAL) == (ssize_t)n ? 1 : 0;
    while (more > 0 && got < ANSWER_MAX - 1) {
        do { /* with a time-out set, whoever was stopped and goes on has EINTR */
            more = recv(fd, answer + got, ANSWER_MAX - 1 - got, 0);
        } while (more < 0 && errno == EINTR);
        got += more > 0 ? (size_t)more : 0;
    }
    answer[got] = '\0';
    return more == 0 ? got : 0;
}

int raw_admin(const struct raw_place *at, const char *method, const char *path, const char *body,
              json_t **out)
{
    char request[4096];
    char *answer = malloc(ANSWER_MAX);
    int status = 0;
    int fd = connect_to(at);
    const char *b = body != NULL ? body : "";
    int n = snprintf(request, sizeof request,
                     "%s %s HTTP/1.1\r\nHost: hss\r\nConnection: close\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     method, path, strlen(b), b);
    if (out != NULL) {
        *out = NULL;
    }
    if (fd >= 0 && answer != NULL && exchange(fd, request, (size_t)n, answer) > 0) {
        const char *text = strstr(answer, "\r\n\r\n");
        /* A status line alone may be what a kill left of an answer. */
        if (text == NULL || sscanf(answer, "HTTP/1.1 %d", &status) != 1) {
            status = 0;
        } else if (out != NULL) {
            *out = json_loads(text + 4, 0, NULL);
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    free(answer);
    return status;
}

const char *raw_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}
