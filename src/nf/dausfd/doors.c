/* The listeners of Diameter, in the control thread's loop: part of src/nf/dausfd/dausfd.h. */
#include "net/socket.h"
#include "nf/dausfd/dausfd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define BACKLOG         128
#define ACCEPT_PER_TURN 32u /* then the other listeners and the push interface have theirs */

struct door {
    struct dausfd *d;
    struct doors *doors;
    size_t at; /* in config->listeners */
    int fd;
    bool polled;  /* the handle is initialised */
    bool resting; /* out of descriptors: tries again at the next tick */
    struct address bound;
    uv_poll_t poll;
};
struct doors {
    uv_loop_t *loop;
    size_t n;
    size_t closing;
    struct door all[];
};

static void rest(struct door *door)
{
    struct address_text at = address_print(&door->bound);
    const struct log_field field = LOG_FIELD_STR("listener", at.s);
    log_limited(door->d->log, LOG_LEVEL_ERROR, "out-of-descriptors", &field, 1);
    (void)uv_poll_stop(&door->poll);
    door->resting = true;
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct door *door = poll->data;
    (void)status;
    (void)events;
    for (unsigned i = 0; i < ACCEPT_PER_TURN; i++) {
        struct address from;
        int fd = -1;
        enum err err = socket_accept(door->fd, door->bound.transport, &fd, &from);
        if (err == E_OK) {
            signalling_adopt(door->d->signalling, fd, door->at);
        } else if (err == E_BUSY) {
            rest(door);
            return;
        } else if (err == E_AGAIN) {
            return;
        }
    }
}

static enum err open_one(struct door *door, uv_loop_t *loop, struct dausfd_why *why)
{
    const struct address *address = &door->d->config->listeners[door->at].address;
    enum err err = socket_listen(address, BACKLOG, &door->fd);
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s: cannot listen there: %s",
                       address_print(address).s, err == E_IO ? strerror(errno) : err_sentence(err));
        return err;
    }
    door->bound = socket_local(door->fd, address->transport);
    if (uv_poll_init(loop, &door->poll, door->fd) != 0) {
        return E_IO;
    }
    door->polled = true;
    door->poll.data = door;
    return uv_poll_start(&door->poll, UV_READABLE, on_connection) == 0 ? E_OK : E_IO;
}

enum err doors_open(struct dausfd *d, uv_loop_t *loop, struct doors **out, struct dausfd_why *why)
{
    enum err err = E_OK;
    size_t n = d->config->n_listeners;
    struct doors *doors = calloc(1, sizeof *doors + n * sizeof doors->all[0]);
    if (doors == NULL) {
        return E_MEMORY;
    }
    doors->loop = loop;
    *out = doors; /* what is half made is closed by the caller */
    for (size_t i = 0; i < n && err == E_OK; i++) {
        doors->all[i] = (struct door){.d = d, .doors = doors, .at = i, .fd = -1};
        doors->n = i + 1;
        err = open_one(&doors->all[i], loop, why);
    }
    return err;
}

void doors_tick(struct doors *doors)
{
    for (size_t i = 0; i < doors->n; i++) {
        struct door *door = &doors->all[i];
        if (door->resting) {
            door->resting = uv_poll_start(&door->poll, UV_READABLE, on_connection) != 0;
        }
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct doors *doors = ((struct door *)handle->data)->doors;
    doors->closing--;
}

void doors_close(struct doors *doors)
{
    for (size_t i = 0; doors != NULL && i < doors->n; i++) {
        struct door *door = &doors->all[i];
        if (door->polled) {
            (void)uv_poll_stop(&door->poll);
            doors->closing++;
            uv_close((uv_handle_t *)&door->poll, on_closed);
        }
        if (door->fd >= 0) {
            (void)close(door->fd); /* it has taken nothing of ours */
        }
    }
    while (doors != NULL && doors->closing > 0) {
        (void)uv_run(doors->loop, UV_RUN_ONCE);
    }
    free(doors);
}

struct address doors_bound(const struct doors *doors, size_t i)
{
    return doors->all[i].bound;
}
