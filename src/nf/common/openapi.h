/* nf/common/openapi.h - the descriptions of the administration interfaces (docs/openapi), as they
 * were when the program was built (cmake/embed.cmake).
 */
#ifndef BINDERY_NF_COMMON_OPENAPI_H
#define BINDERY_NF_COMMON_OPENAPI_H

#include <stddef.h>

extern const unsigned char openapi_hssd[], openapi_mmed[], openapi_repod[], openapi_arpfd[],
    openapi_dausfd[], openapi_rsmfd[];
extern const size_t openapi_hssd_n, openapi_mmed_n, openapi_repod_n, openapi_arpfd_n,
    openapi_dausfd_n, openapi_rsmfd_n;

#endif
