/* net/cert_file.h - whom a certificate in a PEM file names, looked at before it is used.
 *
 * For a server that its clients know by a name which follows from the configuration: with a
 * certificate of another name it would run, and nobody would ever come. Nothing is verified here;
 * that is for those who connect (net/verify.h).
 */
#ifndef BINDERY_NET_CERT_FILE_H
#define BINDERY_NET_CERT_FILE_H

#include "base/err.h"

#include <stdbool.h>

/* Has the first certificate of the file this dNSName, in whatever case? No wildcard stands for it,
 * nor does a CN. Errors: E_IO (errno says why), E_BAD_VALUE (no certificate in PEM form). */
MUST_USE enum err cert_file_names(const char *path, const char *host, bool *out);

#endif
