/* A sequence of chunks against one peer: each is a command octet, a length octet and that many
 * octets. The commands feed, authorise, answer, ask, let time pass, send, disconnect. Whatever
 * comes, no rule of the state machine may break and the last event comes once. */
#include "base/span.h"
#include "peer/peer.h"

#include <stdlib.h>

enum { ANSWER_MAX = 2048, MESSAGE_MAX = 4096, PENDING = 4 };

struct rig {
    struct peer peer;
    struct peer_pending pending[PENDING];
    uint8_t in[MESSAGE_MAX], out[3 * ANSWER_MAX];
    uint64_t now;
    unsigned unanswered_requests, ends;
    bool asked;
};

static const struct peer_config *config(void)
{
    static struct peer_config c;
    c = (struct peer_config){.origin_host = BYTES_LIT("hss.home.example"),
                             .origin_realm = BYTES_LIT("home.example"),
                             .product_name = BYTES_LIT("fuzz"),
                             .applications = {{10415, 16777251}},
                             .application_n = 1,
                             .watchdog_ms = 30000,
                             .cer_timeout_ms = 5000,
                             .dpa_timeout_ms = 2000,
                             .message_max = MESSAGE_MAX,
                             .answer_max = ANSWER_MAX};
    return &c;
}

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void run(struct rig *r)
{
    struct peer_event v;
    while (peer_next(&r->peer, &v)) {
        check(r->ends == 0);
        r->unanswered_requests += v.kind == PEER_REQUEST;
        r->asked |= v.kind == PEER_CER || v.kind == PEER_CEA;
        r->ends += v.kind == PEER_DISCONNECTED;
        check(v.kind != PEER_DISCONNECTED || r->peer.pending == 0);
    }
    check(r->peer.cause != PEER_CAUSE_INTERNAL);
    check(peer_out(&r->peer).n <= sizeof r->out);
}

static void feed(struct rig *r, struct bytes chunk)
{
    size_t n;
    do {
        peer_input(&r->peer, chunk, &n);
        chunk = (struct bytes){chunk.p + n, chunk.n - n};
        run(r);
    } while (n > 0 && chunk.n > 0);
}

/* The answer's size is what the chunk says, times 16. */
static void answer(struct rig *r, size_t size)
{
    uint8_t msg[ANSWER_MAX] = {1};
    size = size * 16 > ANSWER_MAX ? ANSWER_MAX : size * 16;
    enum err err = peer_send_answer(&r->peer, (struct bytes){msg, size});
    bool open = r->peer.state == PEER_OPEN || r->peer.state == PEER_CLOSING;
    /* What was given out can always be answered. */
    check(!open || r->unanswered_requests == 0 || err == E_OK);
    r->unanswered_requests -= err == E_OK;
}

static void ask(struct rig *r)
{
    uint8_t msg[20] = {1, 0, 0, 20, 0x80, 0, 1, 62};
    (void)!peer_request(&r->peer, MBYTES_OF(msg), 1, r->now + 1000);
}

static void act(struct rig *r, uint8_t command, struct bytes chunk)
{
    switch (command % 8) {
    case 0:
        if (r->asked) {
            (void)!peer_authorise(&r->peer, chunk.n % 2 ? REFUSAL_PEER_UNKNOWN : REFUSAL_NONE);
        }
        break;
    case 1:
        answer(r, chunk.n);
        break;
    case 2:
        ask(r);
        break;
    case 3:
        r->now += chunk.n * 300;
        peer_tick(&r->peer, r->now);
        break;
    case 4:
        peer_out_done(&r->peer, chunk.n < peer_out(&r->peer).n ? chunk.n : peer_out(&r->peer).n);
        break;
    case 5:
        peer_disconnect(&r->peer, DIAMETER_REBOOTING);
        break;
    default:
        feed(r, chunk);
        break;
    }
    run(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig rig;
    struct peer_memory m = {MBYTES_OF(rig.in), MBYTES_OF(rig.out), rig.pending, PENDING};
    struct rd rd = rd_of((struct bytes){data, size});
    rig = (struct rig){0};
    bool initiator = rd_u8(&rd) & 1;
    if (peer_open(&rig.peer, config(), &m, initiator, (struct bytes){0}, 1, 0) != E_OK) {
        abort();
    }
    while (rd_left(&rd) >= 2 && rd.err == E_OK) {
        uint8_t command = rd_u8(&rd);
        size_t n = rd_u8(&rd);
        act(&rig, command, rd_take(&rd, n < rd_left(&rd) ? n : rd_left(&rd)));
    }
    peer_lost(&rig.peer, PEER_CAUSE_TRANSPORT);
    run(&rig);
    check(rig.ends == 1);
    return 0;
}
