/* cli/audit_chain.h - does the audit log hold? From the entries' text alone, one after the other:
 * ids without a gap, and in each the hash of the one before (store/store_audit.h).
 *
 * Says which entry breaks the chain and how. Asks nobody and writes nothing.
 */
#ifndef BINDERY_CLI_AUDIT_CHAIN_H
#define BINDERY_CLI_AUDIT_CHAIN_H

#include "crypto/crypto.h"
#include "store/store_audit.h"
#include <jansson.h>

#define AUDIT_WHY_MAX 320

/* What is kept of a log elsewhere: "ID HASH\n". */
struct audit_head {
    uint64_t id; /* 0: none */
    uint8_t hash[STORE_AUDIT_HASH];
};
struct audit_chain {
    const struct crypto *crypto;
    struct audit_head last; /* of what was added */
    struct audit_head kept; /* to be met on the way; id 0: nothing is known */
    uint64_t broken;        /* the entry at which it breaks; 0: it does not */
    char why[AUDIT_WHY_MAX];
};
/* The next entry, as GET /v1/audit shows it. False when the chain breaks here: broken and why say
 * at which entry and how. */
MUST_USE bool audit_chain_add(struct audit_chain *c, const json_t *entry);
/* After the last one: was the kept head met? The same. */
MUST_USE bool audit_chain_end(struct audit_chain *c);

/* Errors: E_BAD_VALUE. */
MUST_USE enum err audit_head_parse(const char *text, struct audit_head *out);
#define AUDIT_HEAD_TEXT 96
void audit_head_print(const struct audit_head *h, char out[static AUDIT_HEAD_TEXT]);

#endif
