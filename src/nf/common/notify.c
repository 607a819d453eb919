#include "nf/common/notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum err notify_send(const char *address, const char *state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (address == NULL || address[0] == '\0') {
        return E_OK;
    }
    size_t n = strlen(address);
    if (n >= sizeof to.sun_path || (address[0] != '/' && address[0] != '@')) {
        return E_BAD_VALUE;
    }
    memcpy(to.sun_path, address, n);
    if (address[0] == '@') {
        to.sun_path[0] = '\0';
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return E_IO;
    }
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    ssize_t sent =
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, len);
    close(fd);
    return sent == (ssize_t)strlen(state) ? E_OK : E_IO;
}
