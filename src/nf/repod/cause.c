#include "nf/repod/cause.h"

static const struct {
    const char *name;
    unsigned status;
    const char *sentence;
} causes[CAUSES] = {
#define X(name, text, status, sentence) {text, status, sentence},
    REPOSITORY_CAUSE_LIST(X)
#undef X
};

static unsigned known(enum cause c)
{
    return (unsigned)c < CAUSES ? (unsigned)c : CAUSE_STORE_FAILED;
}

const char *cause_name(enum cause c)
{
    return causes[known(c)].name;
}

unsigned cause_status(enum cause c)
{
    return causes[known(c)].status;
}

const char *cause_sentence(enum cause c)
{
    return causes[known(c)].sentence;
}

enum cause cause_of_client(enum verify_verdict v)
{
    switch (v) {
    case VERIFY_GOOD:
        return CAUSE_NONE;
    case VERIFY_NONE:
        return CAUSE_NO_CERTIFICATE;
    case VERIFY_NOT_YET:
    case VERIFY_EXPIRED:
        return CAUSE_CERTIFICATE_EXPIRED;
    case VERIFY_UNTRUSTED:
        return CAUSE_CERTIFICATE_UNTRUSTED;
    case VERIFY_REVOKED:
        return CAUSE_CERTIFICATE_REVOKED;
    case VERIFY_TOO_LARGE:
        return CAUSE_CERTIFICATE_TOO_LARGE;
    case VERIFY_MALFORMED:
    case VERIFY_NO_CRL:
    case VERIFY_PURPOSE:
    case VERIFY_WEAK:
    case VERIFY_FAILED:
        break;
    }
    return CAUSE_CERTIFICATE_REFUSED;
}

enum cause cause_of_chain(enum verify_verdict v)
{
    switch (v) {
    case VERIFY_GOOD:
        return CAUSE_NONE;
    case VERIFY_NOT_YET:
    case VERIFY_EXPIRED:
        return CAUSE_CHAIN_EXPIRED;
    case VERIFY_TOO_LARGE:
        return CAUSE_CHAIN_TOO_LARGE;
    case VERIFY_PURPOSE:
        return CAUSE_CHAIN_USAGE;
    case VERIFY_WEAK:
        return CAUSE_CHAIN_WEAK;
    case VERIFY_NONE:
    case VERIFY_MALFORMED:
        return CAUSE_CHAIN_MALFORMED;
    case VERIFY_UNTRUSTED:
    case VERIFY_REVOKED:
    case VERIFY_NO_CRL:
    case VERIFY_FAILED:
        break;
    }
    return CAUSE_CHAIN_UNTRUSTED;
}

enum cause cause_of_err(enum err err)
{
    return err == E_OK ? CAUSE_NONE : err == E_MEMORY ? CAUSE_NO_MEMORY : CAUSE_STORE_FAILED;
}
