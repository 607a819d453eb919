/* nf/repod/site.h - the certificate site of the repository: what certificate URLs lead to (TR
 * 33.899 5.12.4.Z), beside the signed records of devices and the revocation lists of their CAs.
 *
 * Here are the lists, which are read anew when their files change, and how long an answer may be
 * kept. Who may ask for what is api.c's, the answers are api_site.c's. There is never a redirect,
 * and nothing is fetched from elsewhere.
 */
#ifndef BINDERY_NF_REPOD_SITE_H
#define BINDERY_NF_REPOD_SITE_H

#include "net/verify.h"
#include "nf/repod/config.h"

struct site_list {
    char *path;
    const char *name; /* the end of its path, by which it is asked for */
    int file;         /* its octets, in memory: one for all who read it */
    uint8_t digest[32];
    int64_t issued, until;   /* Unix seconds; until 0: it does not say */
    int64_t seen_s, seen_ns; /* when the file was changed, as far as it was looked at */
    uint64_t seen_file;
};
struct site {
    bool open;
    char kept[48], kept_by_all[48]; /* Cache-Control */
    uint32_t cache_seconds;
    struct site_list *lists;
    size_t n_lists;
};
/* With every list read. Errors: E_MEMORY, those of verify_crl_read (net/verify_crl.h); with *why.
 */
MUST_USE enum err site_open(const struct repod_site *config, struct site **out,
                            struct verify_why *why);
/* Harmless on NULL. */
void site_close(struct site *s);
/* The list with this name as its file has it now, or as it had it when it could last be read: the
 * log says so. NULL: there is none. */
const struct site_list *site_list(struct site *s, struct bytes name, struct log *log);

#endif
