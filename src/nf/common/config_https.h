/* nf/common/config_https.h - what the configurations of HTTPS interfaces (nf/common/https_api.h)
 * have in common: an address, and the limits on clients.
 */
#ifndef BINDERY_NF_COMMON_CONFIG_HTTPS_H
#define BINDERY_NF_COMMON_CONFIG_HTTPS_H

#include "net/https.h"
#include "nf/common/config_values.h"
#include "nf/common/config_yaml.h"

/* As the file has it; for CONFIG_PART(..., limits, config_https_limits). */
struct raw_https_limits {
    char *connections, *connections_per_address, *connections_per_client, *header_seconds;
    char *body_seconds, *answer_seconds, *idle_seconds, *requests_per_second, *burst;
};
extern const cyaml_schema_field_t config_https_limits[];

/* "https://127.0.0.1:8443" */
void check_https_address(struct checker *k, const char *key, const char *text, struct address *out);
/* Each that is not there has its default (net/https.h; 200 requests a second, 400 at once).
 * `section` is where they stand, as in "limits.", and is the section from then on. */
void check_https_limits(struct checker *k, const char *section, const struct raw_https_limits *raw,
                        struct https_limits *limits, uint32_t *requests_per_second,
                        uint32_t *burst);
#endif
