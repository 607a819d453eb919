/* emulator/commands.h - the verbs of `bindery-ue`.
 */
#ifndef BINDERY_EMULATOR_COMMANDS_H
#define BINDERY_EMULATOR_COMMANDS_H

#include "base/err.h"

enum ue_exit {
    UE_DONE = 0,
    UE_REFUSED = 1,     /* rejected, or something failed */
    UE_USAGE = 2,       /* the command line is not one we know */
    UE_UNREACHABLE = 3, /* no MME */
    UE_SILENT = 4       /* no answer in time */
};
/* The whole command. */
int commands_main(int argc, char **argv);

int command_attach(int argc, char **argv);
int command_detach(int argc, char **argv);
int command_identity(int argc, char **argv);
int command_key(int argc, char **argv); /* command_key.c */
int command_se(int argc, char **argv);  /* command_se.c */
int command_run(int argc, char **argv);
int command_lot(int argc, char **argv);

#endif
