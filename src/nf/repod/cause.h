/* nf/repod/cause.h - every way the repository says no, in one table: the name in `type`, the HTTP
 * status, and the sentence (RFC 9457). docs/repository.md lists them.
 *
 * Who may not ask gets its answer before the store is looked at, so none of these tells such a
 * client whether a binding exists.
 */
#ifndef BINDERY_NF_REPOD_CAUSE_H
#define BINDERY_NF_REPOD_CAUSE_H

#include "net/verify.h"
#include "nf/common/cause_lists.h"

enum cause {
#define X(name, text, status, sentence) CAUSE_##name,
    REPOSITORY_CAUSE_LIST(X)
#undef X
        CAUSES
};
const char *cause_name(enum cause c);
unsigned cause_status(enum cause c);
const char *cause_sentence(enum cause c);
/* Of a client's certificate that is not good; of a chain to be bound that is not. */
enum cause cause_of_client(enum verify_verdict v);
enum cause cause_of_chain(enum verify_verdict v);
enum cause cause_of_err(enum err err);

#endif
