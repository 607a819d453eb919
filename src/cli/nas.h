/* cli/nas.h - the verbs `bindery nas` and `bindery s1ap`: PDUs between octets, trees and JSON, and
 * NAS security by hand.
 */
#ifndef BINDERY_CLI_NAS_H
#define BINDERY_CLI_NAS_H

int cli_nas(int argc, char **argv);
int cli_nas_protect(int argc, char **argv); /* subverbs of nas, in a file of their own */
int cli_nas_unprotect(int argc, char **argv);
int cli_s1ap(int argc, char **argv);

#endif
