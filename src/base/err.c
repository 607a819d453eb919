#include "base/err.h"

#include <stddef.h>

/* The preprocessor cannot change case, so the names are written out; err_test.c derives them again
 * from ERR_LIST and compares. */
static const char *const names[] = {
    [E_OK] = "ok",
    [E_TRUNCATED] = "truncated",
    [E_TRAILING] = "trailing",
    [E_NO_ROOM] = "no-room",
    [E_BAD_VALUE] = "bad-value",
    [E_BAD_LENGTH] = "bad-length",
    [E_BAD_DIGIT] = "bad-digit",
    [E_BAD_CHECK_DIGIT] = "bad-check-digit",
    [E_MISSING] = "missing",
    [E_REPEATED] = "repeated",
    [E_UNKNOWN] = "unknown",
    [E_UNSUPPORTED] = "unsupported",
    [E_CRYPTO] = "crypto",
    [E_BAD_MAC] = "bad-mac",
    [E_SYNC] = "sync",
    [E_EXHAUSTED] = "exhausted",
    [E_BAD_STATE] = "bad-state",
    [E_NOT_FOUND] = "not-found",
    [E_EXISTS] = "exists",
    [E_CONFLICT] = "conflict",
    [E_DENIED] = "denied",
    [E_BUSY] = "busy",
    [E_LOCKED] = "locked",
    [E_TOO_NEW] = "too-new",
    [E_WRONG_KEY] = "wrong-key",
    [E_IO] = "io",
    [E_DISK_FULL] = "disk-full",
    [E_MEMORY] = "memory",
    [E_CLOSED] = "closed",
    [E_AGAIN] = "again",
};

static const char *const sentences[] = {
#define X(name, sentence) [E_##name] = sentence,
    ERR_LIST(X)
#undef X
};

#define COUNT (sizeof sentences / sizeof sentences[0])
_Static_assert(sizeof names == sizeof sentences, "every code has a name");

const char *err_sentence(enum err e)
{
    return (size_t)e < COUNT ? sentences[e] : "a code that is none of ours";
}

const char *err_name(enum err e)
{
    return (size_t)e < COUNT ? names[e] : "no-such-code";
}
