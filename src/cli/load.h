/* cli/load.h - the verb `load`: S6a load against an HSS, at times that are set beforehand. */
#ifndef BINDERY_CLI_LOAD_H
#define BINDERY_CLI_LOAD_H

int cli_load(int argc, char **argv);

#endif
