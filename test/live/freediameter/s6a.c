#include "s6a.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION 16777251
#define TGPP        10415
#define BINDERY     32473
#define ANSWER_S    10

void must(int result, const char *what)
{
    if (result != 0) {
        printf("not ok - the test itself works\n# %s: %s\n", what, strerror(result));
        fflush(stdout);
        _exit(2);
    }
}

/* ---- the dictionary ---- */

static const struct {
    uint32_t code;
    const char *request, *answer;
} commands[] = {
    {S6A_ULR, "Update-Location-Request", "Update-Location-Answer"},
    {S6A_AIR, "Authentication-Information-Request", "Authentication-Information-Answer"},
    {S6A_PUR, "Purge-UE-Request", "Purge-UE-Answer"},
    {S6A_NOR, "Notify-Request", "Notify-Answer"},
};
/* What the dictionary that comes with freeDiameter may lack, and Bindery's own. */
static const struct {
    uint32_t code, vendor;
    const char *name;
    enum dict_avp_basetype type;
    bool mandatory;
} avps[] = {
    {493, 0, "Service-Selection", AVP_TYPE_OCTETSTRING, true},
    {5, BINDERY, "Binding-Failure", AVP_TYPE_GROUPED, false},
    {34, BINDERY, "Binding-Failure-Cause", AVP_TYPE_INTEGER32, false},
    {35, BINDERY, "Binding-Failure-Count", AVP_TYPE_UNSIGNED32, false},
};

static void command_add(struct dict_object *application, uint32_t code, const char *name,
                        uint8_t request)
{
    struct dict_cmd_data data = {.cmd_code = code,
                                 .cmd_name = (char *)(uintptr_t)name,
                                 .cmd_flag_mask = CMD_FLAG_REQUEST | CMD_FLAG_PROXIABLE,
                                 .cmd_flag_val = (uint8_t)(request | CMD_FLAG_PROXIABLE)};
    must(fd_dict_new(fd_g_config->cnf_dict, DICT_COMMAND, &data, application, NULL), name);
}

static void avp_add(size_t i)
{
    struct dict_avp_request_ex have = {.avp_data = {.avp_code = avps[i].code},
                                       .avp_vendor = {.vendor_id = avps[i].vendor}};
    struct dict_object *found = NULL;
    if (avps[i].vendor == 0) {
        (void)fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_CODE, &avps[i].code, &found,
                             0);
    } else {
        (void)fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_STRUCT, &have, &found, 0);
    }
    uint8_t vendor = avps[i].vendor != 0 ? AVP_FLAG_VENDOR : 0;
    struct dict_avp_data data = {
        .avp_code = avps[i].code,
        .avp_vendor = avps[i].vendor,
        .avp_name = (char *)(uintptr_t)avps[i].name,
        .avp_flag_mask = AVP_FLAG_VENDOR | AVP_FLAG_MANDATORY,
        .avp_flag_val = (uint8_t)(vendor | (avps[i].mandatory ? AVP_FLAG_MANDATORY : 0)),
        .avp_basetype = avps[i].type};
    if (found == NULL) {
        must(fd_dict_new(fd_g_config->cnf_dict, DICT_AVP, &data, NULL, NULL), avps[i].name);
    }
}

void s6a_dictionary(void)
{
    struct dict_vendor_data bindery = {BINDERY, (char *)(uintptr_t) "Bindery"};
    struct dict_application_data s6a = {APPLICATION, (char *)(uintptr_t) "S6a"};
    vendor_id_t id = TGPP;
    struct dict_object *tgpp = NULL;
    struct dict_object *application = NULL;
    must(fd_dict_search(fd_g_config->cnf_dict, DICT_VENDOR, VENDOR_BY_ID, &id, &tgpp, ENOENT),
         "vendor 3GPP");
    must(fd_dict_new(fd_g_config->cnf_dict, DICT_VENDOR, &bindery, NULL, NULL), "own vendor");
    must(fd_dict_new(fd_g_config->cnf_dict, DICT_APPLICATION, &s6a, tgpp, &application), "S6a");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        command_add(application, commands[i].code, commands[i].request, CMD_FLAG_REQUEST);
        command_add(application, commands[i].code, commands[i].answer, 0);
    }
    for (size_t i = 0; i < sizeof avps / sizeof *avps; i++) {
        avp_add(i);
    }
    must(fd_disp_app_support(application, tgpp, 1, 0), "announcing S6a");
}

/* By name, under each vendor that S6a uses. */
static struct dict_object *model(const char *name)
{
    static const vendor_id_t vendors[] = {TGPP, BINDERY};
    struct dict_object *found = NULL;
    for (size_t i = 0; found == NULL && i < 2; i++) {
        struct dict_avp_request what = {vendors[i], 0, (char *)(uintptr_t)name};
        (void)fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_NAME_AND_VENDOR, &what, &found,
                             0);
    }
    if (found == NULL) {
        must(fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_NAME, name, &found, ENOENT),
             name);
    }
    return found;
}

/* ---- building ---- */

struct avp *put_group(msg_or_avp *parent, const char *name)
{
    struct avp *avp = NULL;
    must(fd_msg_avp_new(model(name), 0, &avp), name);
    must(fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, avp), name);
    return avp;
}

static void put(msg_or_avp *parent, const char *name, union avp_value value)
{
    must(fd_msg_avp_setvalue(put_group(parent, name), &value), name);
}

void put_u32(msg_or_avp *parent, const char *name, uint32_t value)
{
    put(parent, name, (union avp_value){.u32 = value});
}

void put_octets(msg_or_avp *parent, const char *name, const void *data, size_t n)
{
    put(parent, name, (union avp_value){.os = {(uint8_t *)(uintptr_t)data, n}});
}

void put_text(msg_or_avp *parent, const char *name, const char *text)
{
    put_octets(parent, name, text, strlen(text));
}

struct msg *s6a_request(uint32_t command, const char *imsi, const char *hss, const char *realm)
{
    struct dict_object *cmd = NULL;
    struct msg *m = NULL;
    command_code_t code = command;
    must(fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_CODE_R, &code, &cmd, ENOENT),
         "command");
    must(fd_msg_new(cmd, MSGFL_ALLOC_ETEID, &m), "request");
    must(fd_msg_new_session(m, (os0_t)(uintptr_t) "s6a", 3), "Session-Id");
    put_u32(m, "Auth-Session-State", 1);
    must(fd_msg_add_origin(m, 0), "origin");
    put_text(m, "Destination-Host", hss);
    put_text(m, "Destination-Realm", realm);
    put_text(m, "User-Name", imsi);
    return m;
}

/* ---- sending ---- */

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
    struct msg *answer;
};

static void answered(void *arg, struct msg **msg)
{
    struct waiting *w = arg;
    pthread_mutex_lock(&w->lock);
    w->answer = *msg;
    w->done = true;
    *msg = NULL;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void expired(void *arg, DiamId_t peer, size_t len, struct msg **msg)
{
    (void)peer;
    (void)len;
    fd_msg_free(*msg);
    *msg = NULL;
    answered(arg, msg);
}

struct msg *s6a_ask(struct msg *request)
{
    struct waiting w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, NULL};
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ANSWER_S;
    must(fd_msg_send_timeout(&request, answered, &w, expired, &until), "sending");
    pthread_mutex_lock(&w.lock);
    while (!w.done) {
        pthread_cond_wait(&w.changed, &w.lock);
    }
    pthread_mutex_unlock(&w.lock);
    if (w.answer != NULL) {
        must(fd_msg_parse_dict(w.answer, fd_g_config->cnf_dict, NULL), "decoding the answer");
    } else {
        printf("# no answer in %d s\n", ANSWER_S);
    }
    return w.answer;
}

/* ---- reading ---- */

static struct avp *first_of(msg_or_avp *parent)
{
    struct avp *avp = NULL;
    if (parent != NULL) {
        (void)fd_msg_browse(parent, MSG_BRW_FIRST_CHILD, &avp, NULL);
    }
    return avp;
}

static struct avp *next_of(struct avp *avp)
{
    struct avp *next = NULL;
    (void)fd_msg_browse(avp, MSG_BRW_NEXT, &next, NULL);
    return next;
}

static bool is_a(struct avp *avp, const struct dict_avp_data *wanted)
{
    struct avp_hdr *header = NULL;
    must(fd_msg_avp_hdr(avp, &header), "AVP header");
    bool vendor = (header->avp_flags & AVP_FLAG_VENDOR) != 0;
    return header->avp_code == wanted->avp_code &&
           (vendor ? header->avp_vendor : 0) == wanted->avp_vendor;
}

struct avp *get_nth(msg_or_avp *parent, const char *name, unsigned n)
{
    struct dict_avp_data wanted;
    must(fd_dict_getval(model(name), &wanted), name);
    for (struct avp *avp = first_of(parent); avp != NULL; avp = next_of(avp)) {
        if (is_a(avp, &wanted) && n-- == 0) {
            return avp;
        }
    }
    return NULL;
}

struct avp *get(msg_or_avp *parent, const char *name)
{
    return get_nth(parent, name, 0);
}

unsigned count_of(msg_or_avp *parent, const char *name)
{
    unsigned n = 0;
    while (get_nth(parent, name, n) != NULL) {
        n++;
    }
    return n;
}

static const union avp_value *value_of(msg_or_avp *parent, const char *name)
{
    struct avp_hdr *header = NULL;
    struct avp *avp = get(parent, name);
    if (avp != NULL) {
        must(fd_msg_avp_hdr(avp, &header), name);
    }
    if (header == NULL || header->avp_value == NULL) {
        printf("# %s is missing\n", name);
        return NULL;
    }
    return header->avp_value;
}

bool u32_is(msg_or_avp *parent, const char *name, uint32_t expected)
{
    const union avp_value *v = value_of(parent, name);
    if (v != NULL && v->u32 != expected) {
        printf("# %s: expected %u, got %u\n", name, expected, v->u32);
    }
    return v != NULL && v->u32 == expected;
}

bool octets_are(msg_or_avp *parent, const char *name, const void *expected, size_t n)
{
    const union avp_value *v = value_of(parent, name);
    bool same = v != NULL && v->os.len == n && memcmp(v->os.data, expected, n) == 0;
    if (v != NULL && !same) {
        printf("# %s: got", name);
        for (size_t i = 0; i < v->os.len; i++) {
            printf(" %02x", v->os.data[i]);
        }
        printf("\n");
    }
    return same;
}

bool text_is(msg_or_avp *parent, const char *name, const char *expected)
{
    return octets_are(parent, name, expected, strlen(expected));
}

bool octets_of(msg_or_avp *parent, const char *name, void *out, size_t n)
{
    const union avp_value *v = value_of(parent, name);
    if (v == NULL || v->os.len != n) {
        printf("# %s has not %zu octets\n", name, n);
        return false;
    }
    memcpy(out, v->os.data, n);
    return true;
}
