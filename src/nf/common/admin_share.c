#include "nf/common/admin_share.h"

uint64_t admin_share_most(uint64_t places)
{
    return places > 4 ? places / 4 : 1;
}

enum admin_share admin_share(uint64_t places, const struct admin_taken *taken, bool over_https)
{
    const uint64_t most = admin_share_most(places);
    const bool full = taken->all >= places || (over_https && taken->https + most >= places);
    if (taken->own >= most && (over_https || full)) {
        return ADMIN_SHARE_OWN;
    }
    return full ? ADMIN_SHARE_OTHERS : ADMIN_SHARE_FREE;
}
