/* nf/common/admin_share.h - places of which there are few (imports that are open, questions that
 * wait), divided among those who ask at an administration interface.
 *
 * Whoever asks over HTTPS has a quarter of them at most, and all of HTTPS together three quarters:
 * the last quarter is kept for the Unix socket, from which an operator gets in when nobody else
 * does. Nothing is counted or kept here; the places are the caller's.
 */
#ifndef BINDERY_NF_COMMON_ADMIN_SHARE_H
#define BINDERY_NF_COMMON_ADMIN_SHARE_H

#include <stdbool.h>
#include <stdint.h>

/* Places that are taken: all of them, those by HTTPS, and those by whoever asks now. */
struct admin_taken {
    uint64_t all, https, own;
};
enum admin_share {
    ADMIN_SHARE_FREE,
    ADMIN_SHARE_OWN,   /* he has as many as one may have: it is for him to give some back */
    ADMIN_SHARE_OTHERS /* others have them: it passes */
};
/* What one may have. */
uint64_t admin_share_most(uint64_t places);
enum admin_share admin_share(uint64_t places, const struct admin_taken *taken, bool over_https);

#endif
