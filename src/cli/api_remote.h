/* cli/api_remote.h - the administration interface of a daemon on another machine: which server,
 * with which files of TLS, and what went wrong, in words.
 *
 * The client shows its certificate, and the server's must lead to the CA file and name the host of
 * the URL. Nothing here makes a connection, and no key is read here: libcurl does.
 */
#ifndef BINDERY_CLI_API_REMOTE_H
#define BINDERY_CLI_API_REMOTE_H

#include "cli/cli.h"

#define API_PLACE_MAX 320u

struct api_files {
    char certificate[CLI_PATH_MAX], key[CLI_PATH_MAX], ca[CLI_PATH_MAX];
};
/* "https://HOST[:PORT]", a '/' behind it aside, into out; false and said when it is none. */
MUST_USE bool api_remote_url(const char *text, char out[static API_PLACE_MAX]);
/* The files that the options, the environment or else the directory (pki/admin.crt, pki/admin.key,
 * pki/ca.crt) name; a key that nobody names lies beside its certificate. False and said when one of
 * them is not there or cannot be read. */
MUST_USE bool api_remote_files(const struct cli_common *common, struct api_files *out);
/* The options of a handle of libcurl that speaks with this server. False: libcurl does not take
 * them. */
MUST_USE bool api_remote_set(void *curl, const struct api_files *files);
/* Says why there was no answer. `code` is libcurl's. Returns CLI_UNREACHABLE or CLI_REFUSED. */
int api_remote_failed(void *curl, int code, const char *who, const char *place,
                      const struct api_files *files, const char *reason);
/* What to do about a refusal that comes of the client's certificate, role or scope; NULL: it is
 * another one. `problem` is the type's last part. */
const char *api_remote_advice(const char *problem);

#endif
