/* bench/fd_extension - the constant answer (fd_constant.h) as an extension of freeDiameterd. */
#include "fd_constant.h"

#include <freeDiameter/freeDiameter-host.h>
/* The order matters: extension.h stands on the one above. */
#include <freeDiameter/extension.h>

/* The macro defines functions that it does not declare. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static int entry(char *configuration)
{
    (void)configuration;
    return fd_constant_register();
}

EXTENSION_ENTRY("bench_fd_extension", entry);
