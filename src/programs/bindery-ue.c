/* programs/bindery-ue.c - devices and their eNBs, emulated. */
#include "base/version.h"
#include "emulator/commands.h"

#include <argp.h>

const char *argp_program_version = "bindery-ue " BINDERY_VERSION;

int main(int argc, char **argv)
{
    return commands_main(argc, argv);
}
