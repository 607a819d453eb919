/* programs/bindery-ue.c - devices and their eNBs, emulated. */
#include "emulator/commands.h"

#include <argp.h>

const char *argp_program_version = "bindery-ue 0.1.0";

int main(int argc, char **argv)
{
    return commands_main(argc, argv);
}
