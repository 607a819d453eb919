/* cli/eir.h - what the subverbs of `eir` share; the file format of the lists is in cli/eir_rows.h.
 */
#ifndef BINDERY_CLI_EIR_H
#define BINDERY_CLI_EIR_H

#include "cli/api_client.h"

int cli_eir(int argc, char **argv);
int cli_eir_import(int argc, char **argv);
int cli_eir_export(int argc, char **argv);

/* Waits until what the HSS has stored is what it answers by: after a change it makes a new table,
 * which takes up to a second or two for a million rules. False, and said, when that takes too long;
 * the change itself is stored. */
bool eir_await_in_force(struct api *api);

#endif
