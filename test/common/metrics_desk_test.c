/* A listener for metrics that a reload moves or closes: src/nf/common/metrics_desk.c and
 * src/nf/common/metrics_port.c. A reload is a callback of the loop, so nothing else of the loop may
 * run in the midst of it: not another request, and not another reload. */
#include "lib/check.h"

#include "nf/common/metrics_desk.h"

#include <uv.h>

static struct metrics_desk *desk;
static bool inside, nested;
static unsigned turns;

static void no_text(void *ctx, struct metrics_text *t)
{
    (void)ctx;
    (void)t;
}

static void no_health(void *ctx, struct metrics_health *h)
{
    (void)ctx;
    (void)h;
}

static void no_files(const void *config, struct metrics_files *out)
{
    (void)config;
    (void)out;
}

static struct config_metrics at(const char *address)
{
    struct config_metrics m = {.on = address != NULL};
    if (address != NULL) {
        assert_ok(address_parse(address, &m.listen));
    }
    return m;
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
    nested |= inside;
}

static void on_reload(uv_timer_t *timer)
{
    static const char *const next[] = {"tcp://127.0.0.2:0", NULL, "tcp://127.0.0.1:0"};
    const struct config_metrics m = at(next[turns]);
    struct metrics_port_why why;
    struct metrics_next *dropped = NULL, *taken = NULL;
    inside = true;
    assert_ok(metrics_next_open(desk, &m, NULL, &dropped, &why));
    metrics_next_drop(dropped);
    assert_ok(metrics_next_open(desk, &m, NULL, &taken, &why));
    metrics_next_take(desk, taken);
    inside = false;
    if (++turns == sizeof next / sizeof *next) {
        uv_stop(timer->loop);
    }
}

static void on_closed(uv_handle_t *handle)
{
    (void)handle;
}

static void a_reload_that_moves_the_listener_lets_nothing_else_of_the_loop_run(void **state)
{
    uv_loop_t loop;
    uv_idle_t idle;
    uv_timer_t timer;
    struct metrics_port_why why;
    const struct metrics_desk_options options = {
        .program = "x", .write = no_text, .health = no_health, .files = no_files};
    const struct config_metrics first = at("tcp://127.0.0.1:0");
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_idle_init(&loop, &idle), 0);
    assert_int_equal(uv_timer_init(&loop, &timer), 0);
    assert_int_equal(uv_idle_start(&idle, on_idle), 0);
    assert_int_equal(uv_timer_start(&timer, on_reload, 0, 1), 0);
    assert_ok(metrics_desk_open(&options, &first, NULL, &loop, &desk, &why));
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(turns, 3);
    assert_false(nested);
    uv_close((uv_handle_t *)&idle, on_closed);
    uv_close((uv_handle_t *)&timer, on_closed);
    metrics_desk_close(desk);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reload_that_moves_the_listener_lets_nothing_else_of_the_loop_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
