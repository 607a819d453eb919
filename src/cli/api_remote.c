#include "cli/api_remote.h"
#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which server ---- */

bool api_remote_url(const char *text, char out[static API_PLACE_MAX])
{
    static const char scheme[] = "https://";
    const size_t at = sizeof scheme - 1;
    size_t n = strlen(text);
    bool good = strncmp(text, scheme, at) == 0 && n < API_PLACE_MAX;
    while (good && n > at && text[n - 1] == '/') {
        n--;
    }
    for (size_t i = at; good && i < n; i++) {
        good = text[i] > ' ' && text[i] < 0x7f && strchr("/?#@\\\"'", text[i]) == NULL;
    }
    if (!good || n == at) {
        cli_error("--server takes https://HOST:PORT, not '%.80s'", text);
        return false;
    }
    snprintf(out, API_PLACE_MAX, "%.*s", (int)n, text);
    return true;
}

/* ---- which files ---- */

static bool copy(const char *option, const char *from, char out[static CLI_PATH_MAX])
{
    if (strlen(from) >= CLI_PATH_MAX) {
        cli_error("%s %.80s...: the path is too long", option, from);
        return false;
    }
    snprintf(out, CLI_PATH_MAX, "%s", from);
    return true;
}

static const char *named(const char *option, const char *variable)
{
    const char *env = getenv(variable);
    return option ? option : env && *env ? env : NULL;
}

/* FILE.crt's key is FILE.key, and so is FILE.pem's. */
static bool beside(const char *certificate, char out[static CLI_PATH_MAX])
{
    const size_t n = strlen(certificate);
    const char *end = n > 4 ? certificate + n - 4 : "";
    if (strcmp(end, ".crt") != 0 && strcmp(end, ".pem") != 0) {
        cli_error("--certificate %s wants its --key", certificate);
        return false;
    }
    memcpy(out, certificate, n - 4);
    memcpy(out + n - 4, ".key", 5);
    return true;
}

static bool is_readable(const char *option, const char *variable, const char *path)
{
    if (access(path, R_OK) != 0) {
        cli_error("%s: %s; with --server, %s FILE or $%s names it", path, strerror(errno), option,
                  variable);
        return false;
    }
    return true;
}

/* Whoever has it may administer in its owner's name. */
static bool is_owners(const char *key)
{
    struct stat st;
    if (stat(key, &st) != 0) {
        cli_error("--key %s: %s", key, strerror(errno));
        return false;
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        cli_error("--key %s: others than its owner may use this key; run: chmod 600 %s. If others "
                  "had it, have another certificate made",
                  key, key);
        return false;
    }
    return true;
}

bool api_remote_files(const struct cli_common *common, struct api_files *out)
{
    const char *certificate = named(common->certificate, "BINDERY_CERTIFICATE");
    const char *key = named(common->key, "BINDERY_KEY");
    const char *ca = named(common->ca, "BINDERY_CA");
    const char *dir = cli_dir(common);
    return (certificate ? copy("--certificate", certificate, out->certificate)
                        : cli_path(dir, "pki/admin.crt", out->certificate, CLI_PATH_MAX)) &&
           (key ? copy("--key", key, out->key) : beside(out->certificate, out->key)) &&
           (ca ? copy("--ca", ca, out->ca) : cli_path(dir, "pki/ca.crt", out->ca, CLI_PATH_MAX)) &&
           is_readable("--certificate", "BINDERY_CERTIFICATE", out->certificate) &&
           is_readable("--key", "BINDERY_KEY", out->key) && is_owners(out->key) &&
           is_readable("--ca", "BINDERY_CA", out->ca);
}

#define SET(option, value) (ok = ok && curl_easy_setopt(curl, option, value) == CURLE_OK)

/*= op-cli-remote */
bool api_remote_set(void *curl, const struct api_files *files)
{
    bool ok = true;
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3 | (long)CURL_SSLVERSION_MAX_TLSv1_3);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_CAINFO, files->ca);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSLCERT, files->certificate);
    SET(CURLOPT_SSLKEY, files->key);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    return ok;
}

/* ---- what went wrong ---- */

/* libcurl looks at the name itself, after OpenSSL found nothing wrong with the chain, and leaves
 * the result "unspecified" then. */
static void bad_server(void *curl, const char *who, const char *place, const char *ca)
{
    long result = X509_V_OK;
    (void)curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &result);
    switch (result) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        cli_error("%s: the certificate of the %s is for another host; name it in --server as its "
                  "certificate does",
                  place, who);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        cli_error("%s: the certificate of the %s has expired; a new one has to be put there", place,
                  who);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        cli_error("%s: the certificate of the %s is not valid yet; is the clock right?", place,
                  who);
        return;
    default:
        cli_error("%s: the certificate of the %s does not lead to %s (%s); --ca names whom we "
                  "trust",
                  place, who, ca, X509_verify_cert_error_string(result));
    }
}

static void no_connection(void *curl, const char *who, const char *place)
{
    long os = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os);
    cli_error("no %s answers at %s%s%s; is it running, with admin.https in its configuration, and "
              "is this its port?",
              who, place, os ? ": " : "", os ? strerror((int)os) : "");
}

int api_remote_failed(void *curl, int code, const char *who, const char *place,
                      const struct api_files *files, const char *reason)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        cli_error("%s: nobody knows a host of this name; is it written right in --server?", place);
        return CLI_UNREACHABLE;
    case CURLE_COULDNT_CONNECT:
        no_connection(curl, who, place);
        return CLI_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT:
        cli_error("%s: no answer in time; the log of the %s may say why", place, who);
        return CLI_UNREACHABLE;
    case CURLE_PEER_FAILED_VERIFICATION:
        bad_server(curl, who, place, files->ca);
        return CLI_REFUSED;
    case CURLE_SSL_CACERT_BADFILE:
        cli_error("--ca %s holds no certificate in PEM", files->ca);
        return CLI_REFUSED;
    case CURLE_SSL_CERTPROBLEM:
        cli_error("--certificate %s and --key %s are no certificate and its key in PEM (%s)",
                  files->certificate, files->key, reason);
        return CLI_REFUSED;
    case CURLE_SSL_CONNECT_ERROR:
        cli_error("%s: TLS 1.3 came to no agreement (%s); is this an %s, and does it take our "
                  "--certificate?",
                  place, reason, who);
        return CLI_REFUSED;
    default:
        cli_error("%s: %s", place, *reason ? reason : curl_easy_strerror((CURLcode)code));
        return CLI_UNREACHABLE;
    }
}

const char *api_remote_advice(const char *problem)
{
    static const struct {
        const char *problem, *advice;
    } all[] = {
        {"no-certificate", "--certificate and --key say who asks"},
        {"client-expired", "have a new certificate made (`bindery pki`), or is a clock wrong?"},
        {"client-untrusted",
         "--certificate must lead to admin.https.ca of the server's configuration"},
        {"client-revoked", "have another certificate made (`bindery pki`)"},
        {"client-refused",
         "`bindery pki DIR --administrator NAME` makes one with the key usage of an administrator"},
        {"not-allowed",
         "admin.https.users of the server's configuration says which certificate has which role"},
        {"out-of-scope",
         "admin.https.users of the server's configuration says for whom which IMSIs are"},
        {"too-many-requests", "try again in a moment"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].problem, problem) == 0) {
            return all[i].advice;
        }
    }
    return NULL;
}
