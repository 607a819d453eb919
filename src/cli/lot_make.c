#include "cli/lot_make.h"

#include "cli/memory.h"
#include "device/linux/signer_openssl.h"
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define ROWS_EACH    256u /* rows of a thread in a batch */
#define THREADS_MAX  8u
#define AVERAGE_MOST 4096u /* octets of a row, on an average */
#define TEXT_MAX     (ROWS_EACH * AVERAGE_MOST)

/* ---- a device ---- */

static enum err make_key(uint8_t algorithm, struct identity_key *key,
                         uint8_t spki[static IDENTITY_SPKI_MAX], size_t *spki_n)
{
    size_t n = 0;
    const enum err err = signer_openssl_make_pair(algorithm, MBYTES_OF(key->der), &n,
                                                  (struct mbytes){spki, IDENTITY_SPKI_MAX}, spki_n);
    key->n = (uint16_t)n;
    return err;
}

static enum err take_certificates(const struct identity_lot *lot, const struct pki_ca *ca,
                                  struct bytes spki, struct identity_row *out)
{
    uint8_t der[2048];
    const size_t n = pki_device_certificate(ca, spki, lot->model, MBYTES_OF(der));
    enum err err = n > 0 ? identity_add_certificate(out, (struct bytes){der, n}) : E_CRYPTO;
    return err == E_OK ? identity_add_certificate(out, pki_ca_der(ca)) : err;
}

enum err lot_make_device(const struct identity_lot *lot, const struct pki_ca *ca, uint32_t i,
                         struct identity_row *out, uint8_t spki[static IDENTITY_SPKI_MAX],
                         size_t *spki_n)
{
    *out = (struct identity_row){.imei = identity_lot_imei(lot, i), .algorithm = lot->algorithm};
    enum err err = make_key(lot->algorithm, &out->key, spki, spki_n);
    if (err == E_OK && lot->form == BINDING_CERTIFICATE) {
        err = ca ? take_certificates(lot, ca, (struct bytes){spki, *spki_n}, out) : E_CRYPTO;
    }
    return err;
}

/* ---- a thread's part of a batch ---- */

struct part {
    const struct identity_lot *lot;
    const struct pki_ca *ca;
    uint32_t from, n;
    size_t devices_n, bindings_n;
    enum err err;
    bool started;
    pthread_t thread;
    uint8_t devices[TEXT_MAX];
    uint8_t bindings[TEXT_MAX];
};

static struct mbytes room(uint8_t *all, size_t n)
{
    return (struct mbytes){all + n, TEXT_MAX - n};
}

static enum err add_device(struct part *p, uint32_t i)
{
    struct identity_row row;
    uint8_t spki[IDENTITY_SPKI_MAX];
    size_t n = 0, spki_n = 0;
    enum err err = lot_make_device(p->lot, p->ca, i, &row, spki, &spki_n);
    if (err == E_OK) {
        err = identity_row_write(&row, room(p->devices, p->devices_n), &n);
        p->devices_n += err == E_OK ? n : 0;
    }
    if (err == E_OK) {
        err = identity_binding_write(&row, (struct bytes){spki, spki_n},
                                     room(p->bindings, p->bindings_n), &n);
        p->bindings_n += err == E_OK ? n : 0;
    }
    identity_row_wipe(&row);
    return err;
}

static void *make_part(void *ctx)
{
    struct part *p = ctx;
    p->err = E_OK;
    p->devices_n = p->bindings_n = 0;
    for (uint32_t i = 0; i < p->n && p->err == E_OK; i++) {
        p->err = add_device(p, p->from + i);
    }
    return NULL;
}

/* ---- a batch ---- */

struct making {
    struct identity_maker *maker;
    unsigned threads;
    struct part *part[THREADS_MAX];
};

/* Where no thread can be had, the part is made here. */
static void start(struct part *p)
{
    p->started = pthread_create(&p->thread, NULL, make_part, p) == 0;
    if (!p->started) {
        (void)make_part(p);
    }
}

static enum err make_batch(struct making *m, struct identity_why *why)
{
    const uint32_t count = identity_maker_lot(m->maker)->count;
    uint32_t from = identity_maker_done(m->maker);
    enum err err = E_OK;
    for (unsigned i = 0; i < m->threads; i++) {
        m->part[i]->from = from;
        m->part[i]->n = count - from < ROWS_EACH ? count - from : ROWS_EACH;
        from += m->part[i]->n;
        start(m->part[i]);
    }
    for (unsigned i = 0; i < m->threads; i++) {
        struct part *p = m->part[i];
        if (p->started) {
            (void)pthread_join(p->thread, NULL);
        }
        if (err == E_OK && p->err != E_OK) {
            err = p->err;
            (void)snprintf(why->text, sizeof why->text, "a device cannot be made: %s",
                           err_sentence(err));
        }
        if (err == E_OK && p->n > 0) {
            err = identity_maker_append(m->maker, (struct bytes){p->devices, p->devices_n},
                                        (struct bytes){p->bindings, p->bindings_n}, p->n, why);
        }
    }
    return err;
}

static unsigned processors(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > (long)THREADS_MAX ? THREADS_MAX : (unsigned)n;
}

static enum err make_all(struct making *m, const struct lot_make *how, struct identity_why *why)
{
    enum err err = E_OK;
    while (err == E_OK && identity_maker_done(m->maker) < identity_maker_lot(m->maker)->count) {
        if (how->stop && *how->stop) {
            return E_CLOSED;
        }
        err = make_batch(m, why);
        if (how->progress) {
            how->progress(how->ctx, identity_maker_done(m->maker));
        }
    }
    return err;
}

enum err lot_make(struct identity_maker *maker, const struct lot_make *how,
                  struct identity_why *why)
{
    struct making m = {.maker = maker};
    const unsigned wanted = how->threads ? how->threads : processors();
    enum err err = E_OK;
    for (; m.threads < wanted && m.threads < THREADS_MAX && err == E_OK; m.threads++) {
        m.part[m.threads] = wiped_malloc(sizeof *m.part[0]);
        if (!m.part[m.threads]) {
            (void)snprintf(why->text, sizeof why->text, "there is not enough memory");
            err = E_MEMORY;
            break;
        }
        memset(m.part[m.threads], 0, offsetof(struct part, devices));
        m.part[m.threads]->lot = identity_maker_lot(maker);
        m.part[m.threads]->ca = how->ca;
    }
    err = err == E_OK ? make_all(&m, how, why) : err;
    for (unsigned i = 0; i < m.threads; i++) {
        wiped_free(m.part[i]);
    }
    return err;
}
