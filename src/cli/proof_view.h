/* cli/proof_view.h - what the HSS knows of a subscription's proofs of its device's IMEI, for
 * people: members proof, proof_last and proof_remembered of docs/admin-api.md.
 */
#ifndef BINDERY_CLI_PROOF_VIEW_H
#define BINDERY_CLI_PROOF_VIEW_H

#include <jansson.h>

/* A line for each, to standard output. */
void proof_view(const json_t *subscriber);

#endif
