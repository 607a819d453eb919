#include "nf/common/admin_metrics.h"

static void write_nothing(void *ctx, struct metrics_text *t)
{
    (void)ctx;
    (void)t;
}

static void not_there(void *ctx, struct metrics_health *h)
{
    (void)ctx;
    metrics_unready(h, METRICS_STOPPING, NULL);
}

void admin_metrics(struct admin_call *c, const struct metrics_source *source,
                   enum metrics_page page)
{
    static const struct metrics_source none = {
        .program = "bindery", .version = "", .write = write_nothing, .health = not_there};
    struct metrics_reply reply;
    metrics_reply(source != NULL ? source : &none, page, &reply);
    admin_call_text(c, reply.status, reply.type, reply.text, reply.n);
}
