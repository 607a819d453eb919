/* nf/hssd/onboard_site.h - the certificate site of one authority: a device's record from the cache,
 * or over the operator's link (TR 33.899 5.12.4.Z step 2).
 *
 * Asked is https://LINK/v1/device-records/ID and nothing else: the device's URL only names the
 * entry. Mutual TLS 1.3, no redirects, ONBOARD_SITE_MS in all, ONBOARD_SITE_OCTETS at most. It
 * blocks, so only threads of nf/hssd/onboard_pool.h ask, each over a connection of its own. A site
 * that does not answer is left alone for a while, in which nobody waits for it.
 */
#ifndef BINDERY_NF_HSSD_ONBOARD_SITE_H
#define BINDERY_NF_HSSD_ONBOARD_SITE_H

#include "nf/hssd/config.h"
#include "nf/hssd/onboard_answer.h"

#define ONBOARD_SITE_MS     8000u
#define ONBOARD_SITE_OCTETS 65536u
/* So many questions in a row without an answer, and the site is down: none goes out for a while,
 * then one, and for twice as long none after each further one. */
#define ONBOARD_SITE_TRIES   3u
#define ONBOARD_REST_MS      1000u
#define ONBOARD_REST_MOST_MS 30000u

struct onboard_site_world {
    void *ctx;
    uint64_t (*now_ms)(void *ctx); /* monotonic */
    int64_t (*unix_s)(void *ctx);
    /* Blocks, but not for long. NULL: https_client_do. */
    enum err (*get)(void *ctx, const struct hssd_authority *a, const char *url, const char *etag,
                    struct https_reply *out);
    /* Told of each GET before it goes out (`reply` NULL) and when it is answered. NULL: nobody is.
     */
    void (*trace)(void *ctx, const struct hssd_authority *a, const char *url,
                  const struct https_reply *reply);
    /* onboarding-site-up, onboarding-site-down. */
    void (*event)(void *ctx, const char *name, const struct hssd_authority *a, const char *cause,
                  const char *detail);
};
struct onboard_site;
MUST_USE enum err onboard_site_open(const struct hssd_authority *authority,
                                    const struct onboard_site_world *world,
                                    struct onboard_site **out);
void onboard_site_close(struct onboard_site *s); /* NULL is harmless */

/* NONE with *out, held for the caller; else DEVICE_UNKNOWN or one of SITE. *client is the thread's,
 * and made here when it is NULL. */
enum certattach_cause onboard_site_ask(struct onboard_site *s, struct https_client **client,
                                       const struct device_id *id, struct onboard_answer **out);

enum onboard_site_state { ONBOARD_SITE_UNTRIED, ONBOARD_SITE_UP, ONBOARD_SITE_DOWN };
struct onboard_site_status {
    enum onboard_site_state state;
    int64_t since;          /* Unix seconds; 0: untried */
    uint64_t asked, cached; /* questions that went out, and that need not */
    uint64_t entries;       /* of the cache */
};
void onboard_site_status(struct onboard_site *s, struct onboard_site_status *out);

#endif
