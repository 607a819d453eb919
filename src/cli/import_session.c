#include "cli/import_session.h"

#include <string.h>

#define NAME_MAX_OCTETS 127

/* The last step of the path, without what a name in the log may not have. */
static void name_of(const char *file, char out[static NAME_MAX_OCTETS + 1])
{
    const char *slash = strrchr(file, '/');
    snprintf(out, NAME_MAX_OCTETS + 1, "%s", slash && slash[1] ? slash + 1 : file);
    for (char *p = out; *p; p++) {
        *p = *p >= ' ' && *p <= '~' ? *p : '?';
    }
}

int import_session_begin(struct import_session *s, struct api *api, const char *kind,
                         const char *file)
{
    char name[NAME_MAX_OCTETS + 1];
    struct api_answer answer;
    *s = (struct import_session){.api = api, .file = file};
    name_of(file, name);
    json_t *body = json_pack("{s:s, s:s}", "kind", kind, "name", name);
    struct api_request request = {.method = "POST", .path = "/v1/imports", .json = body};
    int rc = api_do(api, file, &request, &answer);
    json_decref(body);
    if (rc == CLI_DONE) {
        s->id = json_integer_value(json_object_get(answer.body, "id"));
        api_answer_free(&answer);
    }
    return rc;
}

void import_session_path(const struct import_session *s, const char *path, char *out, size_t cap)
{
    if (s->id != 0) {
        snprintf(out, cap, "%s?import=%lld", path, s->id);
    } else {
        snprintf(out, cap, "%s", path);
    }
}

int import_session_end(struct import_session *s, bool finished, struct hashed_file *h,
                       unsigned long rows, unsigned long not_sent)
{
    char path[64];
    uint8_t sha256[32];
    struct api_answer answer;
    if (s->id == 0) {
        return CLI_DONE;
    }
    json_t *body =
        json_pack("{s:b, s:I}", "finished", (int)finished, "not_sent", (json_int_t)not_sent);
    if (hashed_file_hash(h, sha256)) {
        char hex[65];
        hex_encode(BYTES_OF(sha256), hex);
        (void)json_object_set_new(body, "sha256", json_string(hex));
        (void)json_object_set_new(body, "octets", json_integer((json_int_t)h->octets));
        (void)json_object_set_new(body, "rows", json_integer((json_int_t)rows));
    }
    snprintf(path, sizeof path, "/v1/imports/%lld/end", s->id);
    struct api_request request = {.method = "POST", .path = path, .json = body};
    int rc = api_do(s->api, s->file, &request, &answer);
    json_decref(body);
    s->id = 0;
    if (rc == CLI_DONE) {
        api_answer_free(&answer);
    }
    return rc;
}
