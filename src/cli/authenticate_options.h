/* cli/authenticate_options.h - the command line of `bindery authenticate`: who plays whom. */
#ifndef BINDERY_CLI_AUTHENTICATE_OPTIONS_H
#define BINDERY_CLI_AUTHENTICATE_OPTIONS_H

#include "cli/cli.h"
#include "net/tls.h"

/* As they were written; NULL where nothing was. */
struct authenticate_options {
    struct cli_common common;
    const char *device, *peer, *host, *realm, *plmn, *report_imei;
    const char *vectors, *attempts, *vendor, *timeout;
    struct tls_files tls;
    const char *trace;
    bool trace_secrets, no_ulr, no_report, served_imei;
};

/* Its input is a struct authenticate_options. */
extern const struct argp authenticate_argp;

#endif
