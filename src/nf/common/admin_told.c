#include "nf/common/admin_told.h"

#include <stdio.h>

bool admin_is_told(const struct admin_call *c)
{
    return c->at != NULL && c->at->role != ADMIN_READER && c->phase == ADMIN_ANSWERED &&
           (!c->is_problem || c->problem == PROBLEM_NOT_ALLOWED ||
            c->problem == PROBLEM_OUT_OF_SCOPE || c->problem == PROBLEM_CONFIGURATION);
}

const char *admin_told_cause(const struct admin_call *c)
{
    return c->is_problem ? problem_name(c->problem) : NULL;
}

/*= op-audit */
void admin_tell(struct log *log, const struct admin_call *c, const struct imsi *imsi,
                const char *did)
{
    char action[64];
    if (!admin_is_told(c)) {
        return;
    }
    const char *cause = admin_told_cause(c);
    (void)snprintf(action, sizeof action, "%s %s", c->at->method, c->at->path);
    const struct log_field fields[] = {
        LOG_FIELD_STR("who", c->who.name), LOG_FIELD_STR("from", c->who.from),
        LOG_FIELD_STR("action", action),   LOG_FIELD_IMSI(imsi),
        LOG_FIELD_STR("cause", cause),     LOG_FIELD_STR("did", did)};
    const size_t n = sizeof fields / sizeof fields[0];
    if (cause == NULL) {
        log_line(log, LOG_LEVEL_INFO, "admin-change", fields, n);
    } else {
        log_limited_by(log, cause, LOG_LEVEL_WARNING, "admin-change", fields, n);
    }
}
