#include "nf/common/backlog.h"

void backlog_took(struct backlog *b, size_t n)
{
    b->taken += n;
}

void backlog_ran_dry(struct backlog *b)
{
    b->waits = false;
    b->waited_ms = 0;
}

static uint32_t since(uint64_t then, uint64_t now)
{
    uint64_t ms = now > then ? now - then : 0;
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

bool backlog_is_left(struct backlog *b, uint64_t now_ms)
{
    if (b->waits && b->taken < b->mark) {
        return false;
    }
    b->waited_ms = b->waits ? since(b->mark_ms, now_ms) : 0;
    return true;
}

void backlog_mark(struct backlog *b, size_t left, uint64_t now_ms)
{
    b->mark = b->taken + left;
    b->mark_ms = now_ms;
    b->waits = true;
}

uint32_t backlog_waited(const struct backlog *b, uint64_t now_ms)
{
    uint32_t age = b->waits ? since(b->mark_ms, now_ms) : 0;
    return age > b->waited_ms ? age : b->waited_ms;
}
