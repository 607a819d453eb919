/* cli/lot.h - the verb `lot`: moduli N = PQ of manufacturers' lots, to which devices encrypt the
 * KME that they make (proc/kme.h), and their way to the operators that hold P and Q.
 *
 * Not to be taken for production lots of identities, which are cli/lot_make.h. P and Q are never an
 * argument, never said, and on disk only inside a file that is encrypted to an operator.
 */
#ifndef BINDERY_CLI_LOT_H
#define BINDERY_CLI_LOT_H

#include "cli/cli.h"
#include "device/linux/lot_file.h"

#define LOT_PUBLIC_SUFFIX  ".lot.json"
#define LOT_PRIVATE_SUFFIX ".lot.cms"
#define LOT_RECIPIENT_KEY  "recipient-key.pem"
#define LOT_RECIPIENT      "recipient.pem"
#define LOT_NAME_MAX       (KME_LOT_ID_MAX + sizeof LOT_PUBLIC_SUFFIX)

/* Subverbs in files of their own. */
int lot_recipient(int argc, char **argv);
int lot_primes(int argc, char **argv); /* `make` */
int lot_import(int argc, char **argv);

/* Can this be the id of a lot, and of a file, and stand in a path? False and said. */
MUST_USE bool lot_id_check(const char *text);
/* Is there no such file yet? False and said. */
MUST_USE bool lot_is_new(const char *dir, const char *name);
/* "2048 to 4096 bits in steps of 256"; bits of a modulus */
unsigned lot_bits(const struct kme_lot *lot);
/* Says what people compare and what the lot covers, on standard output. */
void lot_say(const struct lot_file *file, const char *fingerprint);

#endif
