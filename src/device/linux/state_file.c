#include "device/linux/state_file.h"

#include "device/linux/durable_file.h"
#include "device/linux/state_parts.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define STATE_FILE_MAX 65536
#define STATE_MODE     0600

void device_state_wipe(struct device_state *state)
{
    wipe(state, sizeof *state);
}

enum err device_lot_make(struct bytes id, struct bytes modulus, struct kme_lot *out)
{
    struct kme_lot lot = {.modulus_n = (uint16_t)modulus.n};
    enum err err = kme_lot_id_parse(id, &lot.id);
    if (err == E_OK) {
        err = kme_modulus_check(modulus);
    }
    if (err == E_OK) {
        memcpy(lot.modulus, modulus.p, modulus.n);
        *out = lot;
    }
    return err;
}

static struct strict reading(const char *path, struct device_why *why)
{
    return (struct strict){.name = path, .why = why->text, .why_cap = sizeof why->text};
}

enum err device_state_load(const char *path, struct device_state *out, struct device_why *why)
{
    struct strict r = reading(path, why);
    char text[STATE_FILE_MAX];
    size_t n = 0;
    enum err err = strict_load(&r, path, true, MBYTES_OF(text), &n);
    if (err == E_OK) {
        err = device_state_parse(path, (struct bytes){(uint8_t *)text, n}, out, why);
    }
    wipe(text, sizeof text);
    return err;
}

/* ---- writing ---- */

static enum err write_state(const char *path, enum durable_how how, int *held,
                            const struct device_state *state, struct device_why *why)
{
    struct strict r = reading(path, why);
    char text[STATE_FILE_MAX];
    json_t *o = device_state_json(state);
    size_t n = o != NULL ? json_dumpb(o, text, sizeof text - 1, JSON_INDENT(2)) : 0;
    json_decref(o);
    if (n == 0 || n >= sizeof text) {
        strict_refuse(&r, E_MEMORY, "no memory");
        return r.err;
    }
    text[n++] = '\n';
    enum err err = durable_write(path, STATE_MODE, how, (struct bytes){(uint8_t *)text, n}, held);
    if (err != E_OK) {
        strict_refuse(&r, err, "%s", strerror(errno));
    }
    wipe(text, sizeof text);
    return err;
}

enum err device_state_save(const char *path, bool fresh, const struct device_state *state,
                           struct device_why *why)
{
    struct device_hold hold = {.fd = -1};
    enum err err = fresh ? E_NOT_FOUND : device_state_hold(path, &hold, why);
    if (err != E_OK && err != E_NOT_FOUND) {
        return err;
    }
    err = hold.fd >= 0
              ? device_state_save_held(path, &hold, state, why)
              : write_state(path, fresh ? DURABLE_FRESH : DURABLE_REPLACE, NULL, state, why);
    device_state_release(&hold);
    return err;
}

/* ---- one program at a time ---- */

enum err device_state_hold(const char *path, struct device_hold *hold, struct device_why *why)
{
    struct strict r = reading(path, why);
    hold->fd = -1;
    enum err err = durable_hold(path, &hold->fd);
    if (err != E_OK) {
        strict_refuse(&r, err, "%s",
                      err == E_LOCKED ? "another program runs this device, and would write over "
                                        "what is changed now; end it first"
                                      : strerror(errno));
    }
    return err;
}

enum err device_state_save_held(const char *path, struct device_hold *hold,
                                const struct device_state *state, struct device_why *why)
{
    return write_state(path, DURABLE_REPLACE, &hold->fd, state, why);
}

void device_state_release(struct device_hold *hold)
{
    if (hold->fd >= 0) {
        (void)close(hold->fd);
        hold->fd = -1;
    }
}
