/* programs/bindery.c - the one command people use. */
#include "base/version.h"
#include "cli/cli.h"

const char *argp_program_version = "bindery " BINDERY_VERSION;

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
