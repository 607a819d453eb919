#include "nf/mmed/trust.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct seen { /* a file as it was when it was read */
    bool there;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};
struct mmed_trust {
    struct devid_verifier *verifier;
    uint64_t look_ms;
    struct seen ca, crl;
};

static struct seen look(const char *path)
{
    struct stat s;
    if (path == NULL || stat(path, &s) != 0) {
        return (struct seen){.there = false};
    }
    return (struct seen){.there = true,
                         .device = s.st_dev,
                         .inode = s.st_ino,
                         .size = s.st_size,
                         .changed = s.st_mtim};
}

static bool same(const struct seen *a, const struct seen *b)
{
    return a->there == b->there && a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

enum err trust_make(const struct mmed_devid *d, uint64_t now_ms, struct mmed_trust **out,
                    struct verify_why *why)
{
    *out = NULL;
    if (!d->on) {
        return E_OK;
    }
    struct mmed_trust *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return E_MEMORY;
    }
    const struct devid_port_options options = {.signers = (const char *const *)d->signers,
                                               .n_signers = d->n_signers,
                                               .ca = d->ca,
                                               .crl = d->crl,
                                               .ca_with_binding = d->ca_with_binding,
                                               .kept = d->verified_kept};
    t->ca = look(d->ca); /* before they are read: what changes meanwhile is read again */
    t->crl = look(d->crl);
    t->look_ms = now_ms + TRUST_LOOK_MS;
    enum err err = devid_port_open(&options, &t->verifier, why);
    if (err != E_OK) {
        free(t);
        return err;
    }
    *out = t;
    return E_OK;
}

enum err trust_open(struct mmed *m)
{
    struct verify_why why = {.text = ""};
    enum err err = trust_make(&m->config->devid, m->now_ms, &m->trust, &why);
    if (err != E_OK) {
        const struct log_field fields[] = {LOG_FIELD_STR("why", why.text)};
        log_line(m->log, LOG_LEVEL_ERROR, "devid-files", fields, 1);
    }
    return err;
}

void trust_close(struct mmed_trust *t)
{
    if (t != NULL) {
        devid_port_close(t->verifier);
        free(t);
    }
}

const struct devid_port *trust_port(const struct mmed_trust *t)
{
    return t != NULL ? devid_port_of(t->verifier) : NULL;
}

void trust_poll(struct mmed *m)
{
    struct mmed_trust *t = m->trust;
    struct verify_why why = {.text = ""};
    if (t == NULL || m->now_ms < t->look_ms) {
        return;
    }
    t->look_ms = m->now_ms + TRUST_LOOK_MS;
    struct seen ca = look(m->config->devid.ca), crl = look(m->config->devid.crl);
    if (same(&ca, &t->ca) && same(&crl, &t->crl)) {
        return;
    }
    if (devid_port_reload(t->verifier, &why) != E_OK) {
        mmed_event(m, "devid-files-bad", NULL, NULL, why.text);
        return;
    }
    t->ca = ca;
    t->crl = crl;
    mmed_event(m, "devid-files-read", NULL, NULL, NULL);
}
