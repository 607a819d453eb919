#include "cli/lot_make.h"

#include "cli/memory.h"
#include "device/linux/onboard_openssl.h"
#include "device/linux/signer_openssl.h"
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define ROWS_EACH    256u /* rows of a thread in a batch */
#define THREADS_MAX  8u
#define AVERAGE_MOST 4096u /* octets of a row, on an average */
#define TEXT_MAX     (ROWS_EACH * AVERAGE_MOST)
/* With a second key, its certificates and the roots a row may be as long as it can; there are fewer
 * in a batch then. */
#define ROWS_ONBOARDING (TEXT_MAX / IDENTITY_ROW_MAX)

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
    const size_t n = pki_device_certificate(ca, PKI_SIGNS, spki, lot->model, MBYTES_OF(der));
    enum err err = n > 0 ? identity_add_certificate(out, (struct bytes){der, n}) : E_CRYPTO;
    return err == E_OK ? identity_add_certificate(out, pki_ca_der(ca)) : err;
}

/* ---- what it is onboarded with ---- */

/*= certattach-device */
static enum err take_names(const struct identity_lot *lot, const struct imei *imei,
                           struct identity_onboarding *out)
{
    uint8_t octets[16];
    char id[2 * sizeof octets + 1];
    (void)snprintf(id, sizeof id, "%s", imei->digits);
    if (lot->onboarding.random) {
        if (RAND_bytes(octets, sizeof octets) != 1) {
            return E_CRYPTO;
        }
        hex_encode(BYTES_OF(octets), id);
    }
    (void)snprintf(out->url, sizeof out->url, "https://%s/DeviceID=%s", lot->onboarding.host, id);
    (void)snprintf(out->manufacturer, sizeof out->manufacturer, "%s", lot->onboarding.manufacturer);
    (void)snprintf(out->model, sizeof out->model, "%s", lot->model);
    (void)snprintf(out->serial_number, sizeof out->serial_number, "%s", imei->digits + 8);
    return E_OK;
}

static enum err make_onboarding_key(const struct identity_lot *lot, struct identity_onboarding *out,
                                    uint8_t spki[static SIGNER_PUBLIC_MAX], size_t *spki_n)
{
    size_t n = 0;
    enum err err;
    out->form = lot->onboarding.form;
    if (out->form == CERTATTACH_EC) {
        err = signer_openssl_make_pair(DEVID_ECDSA_P256, MBYTES_OF(out->key), &n,
                                       (struct mbytes){spki, SIGNER_PUBLIC_MAX}, spki_n);
    } else {
        err = onboard_openssl_make(lot->onboarding.bits, out->key, &n);
        err = err == E_OK ? signer_openssl_public((struct bytes){out->key, n}, spki, spki_n) : err;
    }
    out->key_n = (uint16_t)n;
    return err;
}

static enum err take_onboarding_chain(const struct identity_lot *lot, const struct lot_given *given,
                                      struct bytes spki, struct identity_onboarding *out)
{
    uint8_t der[2048];
    const enum pki_key_use use = out->form == CERTATTACH_EC ? PKI_AGREES : PKI_ENCIPHERS;
    const size_t n = pki_device_certificate(given->ca, use, spki, lot->model, MBYTES_OF(der));
    enum err err =
        n > 0 ? identity_onboarding_add_certificate(out, (struct bytes){der, n}) : E_CRYPTO;
    err = err == E_OK ? identity_onboarding_add_certificate(out, pki_ca_der(given->ca)) : err;
    for (uint8_t i = 0; err == E_OK && i < given->n_roots; i++) {
        err = identity_onboarding_add_root(out, given->roots[i]);
    }
    return err;
}

static enum err make_onboarding(const struct identity_lot *lot, const struct lot_given *given,
                                const struct imei *imei, struct identity_onboarding *out)
{
    uint8_t spki[SIGNER_PUBLIC_MAX];
    size_t n = 0;
    if (given->ca == NULL) {
        return E_CRYPTO;
    }
    enum err err = take_names(lot, imei, out);
    err = err == E_OK ? make_onboarding_key(lot, out, spki, &n) : err;
    return err == E_OK ? take_onboarding_chain(lot, given, (struct bytes){spki, n}, out) : err;
}

enum err lot_make_device(const struct identity_lot *lot, const struct lot_given *given, uint32_t i,
                         struct identity_row *out, uint8_t spki[static IDENTITY_SPKI_MAX],
                         size_t *spki_n)
{
    const struct pki_ca *ca = given->ca;
    *out = (struct identity_row){.imei = identity_lot_imei(lot, i), .algorithm = lot->algorithm};
    enum err err = make_key(lot->algorithm, &out->key, spki, spki_n);
    if (err == E_OK && lot->form == BINDING_CERTIFICATE) {
        err = ca ? take_certificates(lot, ca, (struct bytes){spki, *spki_n}, out) : E_CRYPTO;
    }
    if (err == E_OK && lot->onboarding.form != 0) {
        err = make_onboarding(lot, given, &out->imei, &out->onboarding);
    }
    return err;
}

/* ---- a thread's part of a batch ---- */

struct part {
    const struct identity_lot *lot;
    const struct lot_given *given;
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
    enum err err = lot_make_device(p->lot, p->given, i, &row, spki, &spki_n);
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
    const struct identity_lot *lot = identity_maker_lot(m->maker);
    const uint32_t count = lot->count, each = lot->onboarding.form ? ROWS_ONBOARDING : ROWS_EACH;
    uint32_t from = identity_maker_done(m->maker);
    enum err err = E_OK;
    for (unsigned i = 0; i < m->threads; i++) {
        m->part[i]->from = from;
        m->part[i]->n = count - from < each ? count - from : each;
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
        m.part[m.threads]->given = &how->given;
    }
    err = err == E_OK ? make_all(&m, how, why) : err;
    for (unsigned i = 0; i < m.threads; i++) {
        wiped_free(m.part[i]);
    }
    return err;
}
