/* nf/common/advice.h - what an operator does about a named cause: a sentence for each name that the
 * program refuses by. docs/reference and `bindery explain` are made of it.
 *
 * The causes themselves, with what they mean, stand where they are decided (base/refusal.h,
 * proc/kme.h and so on), which are rooms that also run on a device; this is for people in a network
 * operations centre and stays out of there. A name without a sentence fails a test. Nothing that
 * serves looks here.
 */
#ifndef BINDERY_NF_COMMON_ADVICE_H
#define BINDERY_NF_COMMON_ADVICE_H

#include <stddef.h>

/* Whose cause it is. ID, "what people call it" */
#define ADVICE_KINDS(X)                                                                            \
    X(ANY, "")                                                                                     \
    X(REFUSAL, "refusal")                                                                          \
    X(PROBLEM, "problem of the administration interface")                                          \
    X(HTTPS, "problem of an HTTPS interface")                                                      \
    X(REPOSITORY, "problem of the repository")                                                     \
    X(DELIVERY, "problem of the RSMF")                                                             \
    X(DEVID, "cause of procedure devid")                                                           \
    X(KME, "cause of procedure kme")                                                               \
    X(CERTATTACH, "cause of procedure certattach")                                                 \
    X(DIMSI, "cause of procedure dimsi")                                                           \
    X(CERTIFICATE, "verdict on a certificate")                                                     \
    X(CONNECTION, "end of a connection")                                                           \
    X(HEALTH, "reason for not being ready")
enum advice_kind {
#define X(id, text) ADVICE_##id,
    ADVICE_KINDS(X)
#undef X
};
/* NULL: there is none. What stands for the kind goes before what stands for any. */
const char *advice_of(enum advice_kind kind, const char *name);

struct advice {
    enum advice_kind kind;
    const char *name;
    const char *todo;
};
/* The two tables that advice_of looks into. */
const struct advice *advice_interfaces(size_t *n);
const struct advice *advice_procedures(size_t *n);

#endif
