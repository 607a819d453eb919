#include "net/verify_seen.h"

#include <pthread.h>
#include <stdlib.h>

struct seen {
    X509 *x;
    unsigned char *der;
    size_t n;
};
struct row {
    size_t next; /* the oldest, whose place the next one takes */
    struct seen at[VERIFY_SEEN_MAX];
};
struct verify_seen {
    pthread_mutex_t lock;
    struct row leaves, others;
};

static void drop(struct seen *s)
{
    X509_free(s->x);
    OPENSSL_free(s->der);
    *s = (struct seen){.x = NULL};
}

enum err verify_seen_open(struct verify_seen **out)
{
    struct verify_seen *s = calloc(1, sizeof *s);
    if (s == NULL || pthread_mutex_init(&s->lock, NULL) != 0) {
        free(s);
        return E_MEMORY;
    }
    *out = s;
    return E_OK;
}

void verify_seen_close(struct verify_seen *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < VERIFY_SEEN_MAX; i++) {
        drop(&s->leaves.at[i]);
        drop(&s->others.at[i]);
    }
    (void)pthread_mutex_destroy(&s->lock); /* nobody holds it */
    free(s);
}

static struct row *row_of(struct verify_seen *s, bool leaf)
{
    return leaf ? &s->leaves : &s->others;
}

static struct seen *find(struct row *r, struct bytes der)
{
    for (size_t i = 0; i < VERIFY_SEEN_MAX; i++) {
        struct seen *s = &r->at[i];
        if (s->x != NULL && bytes_eq((struct bytes){s->der, s->n}, der)) {
            return s;
        }
    }
    return NULL;
}

X509 *verify_seen_find(struct verify_seen *s, bool leaf, struct bytes der)
{
    X509 *x = NULL;
    if (pthread_mutex_lock(&s->lock) != 0) {
        return NULL;
    }
    const struct seen *found = find(row_of(s, leaf), der);
    if (found != NULL && X509_up_ref(found->x) == 1) {
        x = found->x;
    }
    (void)pthread_mutex_unlock(&s->lock); /* it is locked */
    return x;
}

static void put(struct row *r, X509 *x, struct bytes der)
{
    const struct seen made = {.x = x, .der = OPENSSL_memdup(der.p, der.n), .n = der.n};
    if (made.der == NULL || X509_up_ref(x) != 1) {
        OPENSSL_free(made.der);
        return;
    }
    drop(&r->at[r->next]);
    r->at[r->next] = made;
    r->next = (r->next + 1) % VERIFY_SEEN_MAX;
}

void verify_seen_keep(struct verify_seen *s, bool leaf, X509 *x, struct bytes der)
{
    if (pthread_mutex_lock(&s->lock) != 0) {
        return;
    }
    struct row *r = row_of(s, leaf);
    if (find(r, der) == NULL) {
        put(r, x, der);
    }
    (void)pthread_mutex_unlock(&s->lock); /* it is locked */
}
