/* programs/bindery.c - the one command people use. */
#include "cli/cli.h"

const char *argp_program_version = "bindery 0.1.0";

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
