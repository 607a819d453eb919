/* nf/common/config_peek.h - one path out of a configuration file, for a tool that works beside a
 * daemon that is not running and must not check the whole of its configuration.
 */
#ifndef BINDERY_NF_COMMON_CONFIG_PEEK_H
#define BINDERY_NF_COMMON_CONFIG_PEEK_H

#include "base/err.h"
#include <stddef.h>

/* The text at `section`.`key` of a YAML file (NULL: at `key` of its top), taken as a path from the
 * file's folder, as the daemon takes it. Errors: E_IO (not to be opened), E_BAD_VALUE (not YAML),
 * E_NOT_FOUND (no such key, or no text), E_NO_ROOM. */
MUST_USE enum err config_peek_path(const char *file, const char *section, const char *key,
                                   char *out, size_t room);

#endif
