/* nf/common/config_metrics.h - the section `metrics` of a daemon's configuration: where the plain
 * listener for metrics is (nf/common/metrics_port.h), if anywhere.
 *
 *     metrics:
 *       listen: http://127.0.0.1:9464
 *       off_loopback: false
 */
#ifndef BINDERY_NF_COMMON_CONFIG_METRICS_H
#define BINDERY_NF_COMMON_CONFIG_METRICS_H

#include "nf/common/config_values.h"
#include "nf/common/config_yaml.h"

/* As the file has it; for CONFIG_PART(..., metrics, config_metrics_fields). */
struct raw_metrics {
    char *listen, *off_loopback;
};
extern const cyaml_schema_field_t config_metrics_fields[];

struct config_metrics {
    bool on;
    struct address listen; /* TCP */
};
/* The section is "metrics." from then on. */
void check_metrics(struct checker *k, const struct raw_metrics *raw, struct config_metrics *out);
bool same_metrics(const struct config_metrics *a, const struct config_metrics *b);

#endif
