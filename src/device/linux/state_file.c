#include "device/linux/state_file.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_FILE_MAX 16384
#define FORMAT         1

void device_state_wipe(struct device_state *state)
{
    wipe(state, sizeof *state);
}

/* ---- reading ---- */

struct reading {
    const char *name;
    struct device_why *why;
    enum err err; /* sticky */
};

static void refuse(struct reading *r, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void refuse(struct reading *r, enum err e, const char *format, ...)
{
    if (r->err != E_OK) {
        return;
    }
    r->err = e;
    int n = snprintf(r->why->text, sizeof r->why->text, "%s: ", r->name);
    va_list ap;
    va_start(ap, format);
    if (n > 0 && (size_t)n < sizeof r->why->text) {
        vsnprintf(r->why->text + n, sizeof r->why->text - (size_t)n, format, ap);
    }
    va_end(ap);
}

static bool is_one_of(const char *word, const char *const *known)
{
    while (*known && strcmp(word, *known) != 0) {
        known++;
    }
    return *known != NULL;
}

static void only_known(struct reading *r, json_t *o, const char *at, const char *const *known)
{
    const char *key;
    json_t *value;
    if (!json_is_object(o)) {
        refuse(r, E_BAD_VALUE, "%s is not an object", at);
        return;
    }
    json_object_foreach(o, key, value)
    {
        if (!is_one_of(key, known)) {
            refuse(r, E_UNKNOWN, "%s%s is not a member of a device state file", at, key);
        }
    }
}

/* The string at key, "" (and refused) when there is none. */
static const char *text_at(struct reading *r, json_t *o, const char *at, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    if (!s) {
        refuse(r, json_object_get(o, key) ? E_BAD_VALUE : E_MISSING, "%s%s %s", at, key,
               json_object_get(o, key) ? "is not a string" : "is missing");
    }
    return s ? s : "";
}

static void hex_at(struct reading *r, json_t *o, const char *at, const char *key, struct mbytes out)
{
    const char *s = text_at(r, o, at, key);
    if (r->err == E_OK && hex_decode(s, out) != E_OK) {
        refuse(r, E_BAD_VALUE, "%s%s is not %zu hex digits", at, key, out.n * 2);
    }
}

static uint8_t long_hex_at(struct reading *r, json_t *o, const char *at, const char *key,
                           uint8_t out[static 32])
{
    size_t n = strlen(text_at(r, o, at, key)) / 2;
    if (r->err == E_OK && n != 16 && n != 32) {
        refuse(r, E_BAD_VALUE, "%s%s is not 32 or 64 hex digits", at, key);
        return 0;
    }
    hex_at(r, o, at, key, (struct mbytes){out, n});
    return (uint8_t)n;
}

static int64_t number_at(struct reading *r, json_t *o, const char *at, const char *key, int64_t max)
{
    json_t *v = json_object_get(o, key);
    int64_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < 0 || n > max) {
        refuse(r, v ? E_BAD_VALUE : E_MISSING, "%s%s %s", at, key,
               v ? "is out of its range" : "is missing");
        return 0;
    }
    return n;
}

static void read_seq(struct reading *r, json_t *usim, struct usim *out)
{
    json_t *seq = json_object_get(usim, "seq");
    if (json_array_size(seq) != SQN_IND_COUNT) {
        refuse(r, E_BAD_VALUE, "usim.seq is not an array of %u numbers", SQN_IND_COUNT);
        return;
    }
    for (size_t i = 0; i < SQN_IND_COUNT; i++) {
        json_t *v = json_array_get(seq, i);
        int64_t n = json_integer_value(v);
        if (!json_is_integer(v) || n < 0 || (uint64_t)n > SEQ_MAX) {
            refuse(r, E_BAD_VALUE, "usim.seq[%zu] is not a number of 43 bits", i);
            return;
        }
        out->seq[i] = (uint64_t)n;
    }
}

static void read_usim(struct reading *r, json_t *o, struct device_state *out)
{
    static const char *const known[] = {"imsi",       "algorithm",         "k",   "opc",
                                        "res_length", "keccak_iterations", "seq", NULL};
    struct aka_keys *keys = &out->usim.keys;
    only_known(r, o, "usim.", known);
    if (imsi_parse(bytes_of_str(text_at(r, o, "usim.", "imsi")), &out->imsi) != E_OK) {
        refuse(r, E_BAD_VALUE, "usim.imsi is not 6 to 15 digits");
    }
    if (aka_algorithm_parse(bytes_of_str(text_at(r, o, "usim.", "algorithm")), &keys->algorithm) !=
        E_OK) {
        refuse(r, E_BAD_VALUE, "usim.algorithm is neither milenage nor tuak");
    }
    keys->k.n = long_hex_at(r, o, "usim.", "k", keys->k.b);
    keys->opc.n = long_hex_at(r, o, "usim.", "opc", keys->opc.b);
    keys->res_len = (uint8_t)number_at(r, o, "usim.", "res_length", 16);
    keys->keccak_iterations = (uint8_t)number_at(r, o, "usim.", "keccak_iterations", 255);
    read_seq(r, o, &out->usim);
    enum err e = r->err == E_OK ? aka_keys_check(keys) : E_OK;
    if (e != E_OK) {
        refuse(r, e, "usim: the lengths of k, opc and res_length do not fit the algorithm");
    }
}

static void read_last(struct reading *r, json_t *o, struct binding_me *me)
{
    static const char *const known[] = {"rand", "res", "ck", "ik", "amf", "sqn", NULL};
    struct usim_answer *a = &me->last_answer;
    only_known(r, o, "last.", known);
    hex_at(r, o, "last.", "rand", MBYTES_OF(me->last_rand));
    hex_at(r, o, "last.", "ck", MBYTES_OF(a->ck.b));
    hex_at(r, o, "last.", "ik", MBYTES_OF(a->ik.b));
    size_t n = strlen(text_at(r, o, "last.", "res")) / 2;
    if (n != 4 && n != 8 && n != 16) {
        refuse(r, E_BAD_VALUE, "last.res is not 8, 16 or 32 hex digits");
        return;
    }
    a->res.n = (uint8_t)n;
    hex_at(r, o, "last.", "res", (struct mbytes){a->res.b, n});
    a->amf = (uint16_t)number_at(r, o, "last.", "amf", 0xffff);
    a->sqn = (uint64_t)number_at(r, o, "last.", "sqn", (int64_t)SQN_MAX);
    me->answered = r->err == E_OK;
}

/* ---- what the NAS client keeps ---- */

static bool is_there(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    return v && !json_is_null(v);
}

static void plmn_at(struct reading *r, json_t *o, const char *at, struct plmn *out)
{
    if (plmn_parse(bytes_of_str(text_at(r, o, at, "plmn")), out) != E_OK) {
        refuse(r, E_BAD_VALUE, "%splmn is not MCC-MNC", at);
    }
}

static void read_guti(struct reading *r, json_t *o, struct nas_guti *out)
{
    static const char *const known[] = {"plmn", "mme_group", "mme_code", "m_tmsi", NULL};
    only_known(r, o, "nas.guti.", known);
    plmn_at(r, o, "nas.guti.", &out->plmn);
    out->mme_group_id = (uint16_t)number_at(r, o, "nas.guti.", "mme_group", UINT16_MAX);
    out->mme_code = (uint8_t)number_at(r, o, "nas.guti.", "mme_code", UINT8_MAX);
    out->m_tmsi = (uint32_t)number_at(r, o, "nas.guti.", "m_tmsi", UINT32_MAX);
}

static void read_tai(struct reading *r, json_t *o, struct nas_tai *out)
{
    static const char *const known[] = {"plmn", "tac", NULL};
    only_known(r, o, "nas.last_tai.", known);
    plmn_at(r, o, "nas.last_tai.", &out->plmn);
    out->tac = (uint16_t)number_at(r, o, "nas.last_tai.", "tac", UINT16_MAX);
}

static void read_tai_list(struct reading *r, json_t *o, struct device_nas *out)
{
    struct nas_tai_list list;
    size_t n = strlen(text_at(r, o, "nas.", "tai_list")) / 2;
    if (n > sizeof out->tai_list) {
        refuse(r, E_BAD_VALUE, "nas.tai_list is longer than a TAI list ever is");
        return;
    }
    hex_at(r, o, "nas.", "tai_list", (struct mbytes){out->tai_list, n});
    out->tai_list_n = (uint8_t)n;
    if (r->err == E_OK && n > 0 &&
        nas_tai_list_parse((struct bytes){out->tai_list, n}, &list) != E_OK) {
        refuse(r, E_BAD_VALUE, "nas.tai_list is not a TAI list");
    }
}

static void read_nas(struct reading *r, json_t *o, struct device_state *out)
{
    static const char *const known[] = {"guti",     "last_tai", "tai_list",
                                        "t3346_ms", "security", NULL};
    struct device_nas *nas = &out->nas;
    only_known(r, o, "nas.", known);
    nas->has_guti = is_there(o, "guti");
    if (nas->has_guti) {
        read_guti(r, json_object_get(o, "guti"), &nas->guti);
    }
    nas->has_last_tai = is_there(o, "last_tai");
    if (nas->has_last_tai) {
        read_tai(r, json_object_get(o, "last_tai"), &nas->last_tai);
    }
    read_tai_list(r, o, nas);
    nas->t3346_ms = (uint32_t)number_at(r, o, "nas.", "t3346_ms", UINT32_MAX);
    nas->has_security = is_there(o, "security");
    if (nas->has_security) {
        hex_at(r, o, "nas.", "security", MBYTES_OF(nas->security));
    }
    out->has_nas = r->err == E_OK;
}

static void read_identity(struct reading *r, json_t *o, struct device_key *out)
{
    static const char *const known[] = {"algorithm", "key", NULL};
    uint8_t algorithm = 0;
    size_t n = 0;
    only_known(r, o, "identity.", known);
    const struct bytes pem = bytes_of_str(text_at(r, o, "identity.", "key"));
    if (devid_algorithm_parse(bytes_of_str(text_at(r, o, "identity.", "algorithm")),
                              &out->algorithm) != E_OK) {
        refuse(r, E_BAD_VALUE, "identity.algorithm is none of those that devices sign with");
    }
    if (signer_openssl_from_pem(pem, out->der, &n) != E_OK ||
        signer_openssl_algorithm((struct bytes){out->der, n}, &algorithm) != E_OK ||
        algorithm != out->algorithm) {
        refuse(r, E_BAD_VALUE,
               "identity.key is not a private key (PKCS#8 in PEM) of its algorithm");
    }
    out->n = (uint16_t)n;
}

static void read_device(struct reading *r, json_t *o, struct device_state *out)
{
    static const char *const known[] = {"bindery_device", "imei", "kme", "identity",
                                        "usim",           "last", "nas", NULL};
    only_known(r, o, "", known);
    if (number_at(r, o, "", "bindery_device", INT32_MAX) > FORMAT) {
        refuse(r, E_TOO_NEW, "it was written by a newer version of this program");
    }
    if (imei_parse(bytes_of_str(text_at(r, o, "", "imei")), &out->imei) != E_OK) {
        refuse(r, E_BAD_VALUE, "imei is not 14 digits, or 15 with a right check digit");
    }
    if (json_object_get(o, "kme") && !json_is_null(json_object_get(o, "kme"))) {
        hex_at(r, o, "", "kme", MBYTES_OF(out->me.kme.b));
        out->me.has_kme = r->err == E_OK;
    }
    if (is_there(o, "identity")) {
        read_identity(r, json_object_get(o, "identity"), &out->identity);
    }
    json_t *usim = json_object_get(o, "usim");
    if (!usim) {
        refuse(r, E_MISSING, "usim is missing");
    } else {
        read_usim(r, usim, out);
    }
    json_t *last = json_object_get(o, "last");
    if (last && !json_is_null(last)) {
        read_last(r, last, &out->me);
    }
    if (is_there(o, "nas")) {
        read_nas(r, json_object_get(o, "nas"), out);
    }
}

enum err device_state_parse(const char *name, struct bytes json, struct device_state *out,
                            struct device_why *why)
{
    struct reading r = {.name = name, .why = why};
    json_error_t at;
    memset(out, 0, sizeof *out);
    json_t *o = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &at);
    if (!o) {
        /* jansson may quote the text near the fault, which may be a key: only the place is told */
        refuse(&r, E_BAD_VALUE, "line %d column %d: not the JSON of a device state file", at.line,
               at.column);
        return r.err;
    }
    read_device(&r, o, out);
    json_decref(o);
    if (r.err != E_OK) {
        device_state_wipe(out);
    }
    return r.err;
}

static enum err err_of_errno(int no)
{
    return no == ENOENT ? E_NOT_FOUND : no == EACCES ? E_DENIED : no == EEXIST ? E_EXISTS : E_IO;
}

enum err device_state_load(const char *path, struct device_state *out, struct device_why *why)
{
    struct reading r = {.name = path, .why = why};
    char text[STATE_FILE_MAX];
    struct stat st;
    FILE *f = fopen(path, "re");
    if (f) {
        (void)setvbuf(f, NULL, _IONBF, 0); /* no copy of the keys that nobody wipes */
    }
    size_t n = f ? fread(text, 1, sizeof text, f) : 0;
    if (!f || ferror(f) || fstat(fileno(f), &st) != 0) {
        refuse(&r, err_of_errno(errno), "%s", strerror(errno));
    } else if (S_ISREG(st.st_mode) && (st.st_mode & 077)) {
        refuse(&r, E_DENIED, "others may read this file, and it holds keys; `chmod 600 %s`", path);
    } else if (n == 0) {
        refuse(&r, E_BAD_VALUE, "it is empty; `bindery device file` makes such a file");
    } else if (n == sizeof text) {
        refuse(&r, E_BAD_VALUE, "longer than a device state file ever is");
    } else {
        r.err = device_state_parse(path, (struct bytes){(uint8_t *)text, n}, out, why);
    }
    if (f) {
        (void)fclose(f);
    }
    wipe(text, sizeof text);
    return r.err;
}

/* ---- writing ---- */

static json_t *hex_of(struct bytes in)
{
    char text[2 * NAS_TAI_LIST_LEN + 1];
    hex_encode(in, text);
    json_t *s = json_string(text);
    wipe(text, sizeof text);
    return s;
}

static json_t *usim_json(const struct device_state *s)
{
    const struct aka_keys *k = &s->usim.keys;
    json_t *seq = json_array();
    for (size_t i = 0; i < SQN_IND_COUNT; i++) {
        (void)json_array_append_new(seq, json_integer((json_int_t)s->usim.seq[i]));
    }
    return json_pack("{s:s, s:s, s:o, s:o, s:i, s:i, s:o}", "imsi", s->imsi.digits, "algorithm",
                     aka_algorithm_name(k->algorithm), "k", hex_of((struct bytes){k->k.b, k->k.n}),
                     "opc", hex_of((struct bytes){k->opc.b, k->opc.n}), "res_length",
                     (int)k->res_len, "keccak_iterations", (int)k->keccak_iterations, "seq", seq);
}

static json_t *last_json(const struct binding_me *me)
{
    const struct usim_answer *a = &me->last_answer;
    if (!me->answered) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:i, s:I}", "rand", hex_of(BYTES_OF(me->last_rand)),
                     "res", hex_of((struct bytes){a->res.b, a->res.n}), "ck",
                     hex_of(BYTES_OF(a->ck.b)), "ik", hex_of(BYTES_OF(a->ik.b)), "amf", (int)a->amf,
                     "sqn", (json_int_t)a->sqn);
}

static json_t *guti_json(const struct device_nas *nas)
{
    char plmn[PLMN_TEXT_MAX];
    if (!nas->has_guti) {
        return json_null();
    }
    plmn_print(&nas->guti.plmn, plmn);
    return json_pack("{s:s, s:i, s:i, s:I}", "plmn", plmn, "mme_group", (int)nas->guti.mme_group_id,
                     "mme_code", (int)nas->guti.mme_code, "m_tmsi", (json_int_t)nas->guti.m_tmsi);
}

static json_t *tai_json(const struct device_nas *nas)
{
    char plmn[PLMN_TEXT_MAX];
    if (!nas->has_last_tai) {
        return json_null();
    }
    plmn_print(&nas->last_tai.plmn, plmn);
    return json_pack("{s:s, s:i}", "plmn", plmn, "tac", (int)nas->last_tai.tac);
}

static json_t *nas_json(const struct device_state *s)
{
    const struct device_nas *nas = &s->nas;
    if (!s->has_nas) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:o, s:I, s:o}", "guti", guti_json(nas), "last_tai", tai_json(nas),
                     "tai_list", hex_of((struct bytes){nas->tai_list, nas->tai_list_n}), "t3346_ms",
                     (json_int_t)nas->t3346_ms, "security",
                     nas->has_security ? hex_of(BYTES_OF(nas->security)) : json_null());
}

static json_t *identity_json(const struct device_key *key)
{
    char pem[SIGNER_PEM_MAX];
    json_t *o = NULL;
    if (signer_openssl_to_pem((struct bytes){key->der, key->n}, pem) == E_OK) {
        o = json_pack("{s:s, s:s}", "algorithm", devid_algorithm_name(key->algorithm), "key", pem);
    }
    wipe(pem, sizeof pem);
    return o;
}

/* "nas" stands there only once a NAS client has run, "identity" only with a key: other files stay
 * what they were. */
static json_t *device_json(const struct device_state *s)
{
    char imei[IMEI_DIGITS + 2];
    imei_print(&s->imei, imei);
    json_t *o = json_pack("{s:i, s:s, s:o, s:o, s:o}", "bindery_device", FORMAT, "imei", imei,
                          "kme", s->me.has_kme ? hex_of(BYTES_OF(s->me.kme.b)) : json_null(),
                          "usim", usim_json(s), "last", last_json(&s->me));
    bool good = o != NULL;
    if (good && s->identity.n > 0) {
        good = json_object_set_new(o, "identity", identity_json(&s->identity)) == 0;
    }
    if (good && s->has_nas) {
        good = json_object_set_new(o, "nas", nas_json(s)) == 0;
    }
    if (!good) {
        json_decref(o);
    }
    return good ? o : NULL;
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return false;
        }
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* Makes the rename durable. */
static bool sync_folder_of(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path + 1) : 1,
             slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return done;
}

static enum err replace(const char *path, bool fresh, const char *text, size_t n)
{
    char temporary[4096];
    int len = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return E_IO;
    }
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    if (fd < 0) {
        return err_of_errno(errno);
    }
    bool done = write_all(fd, text, n) && fsync(fd) == 0;
    done = close(fd) == 0 && done;
    /* link refuses to replace, rename replaces */
    done = done && (fresh ? link(temporary, path) : rename(temporary, path)) == 0;
    int no = errno;
    if (!done || fresh) {
        (void)unlink(temporary);
    }
    done = done && sync_folder_of(path);
    errno = done ? 0 : no;
    return done ? E_OK : err_of_errno(no);
}

enum err device_state_save(const char *path, bool fresh, const struct device_state *state,
                           struct device_why *why)
{
    struct reading r = {.name = path, .why = why};
    char text[STATE_FILE_MAX];
    json_t *o = device_json(state);
    size_t n = o ? json_dumpb(o, text, sizeof text - 1, JSON_INDENT(2)) : 0;
    json_decref(o);
    if (n == 0 || n >= sizeof text) {
        refuse(&r, E_MEMORY, "no memory");
        return r.err;
    }
    text[n++] = '\n';
    enum err e = replace(path, fresh, text, n);
    if (e != E_OK) {
        refuse(&r, e, "%s", strerror(errno));
    }
    wipe(text, sizeof text);
    return e;
}

/* ---- the NAS client's image ---- */

enum err device_state_image(const struct crypto *c, const struct device_state *state,
                            struct mbytes out, size_t *n)
{
    const struct device_nas *nas = &state->nas;
    struct ue_image image = {.imsi = state->imsi,
                             .answered = state->me.answered,
                             .res = state->me.last_answer.res,
                             .ck = state->me.last_answer.ck,
                             .ik = state->me.last_answer.ik,
                             .has_guti = nas->has_guti,
                             .guti = nas->guti,
                             .has_last_tai = nas->has_last_tai,
                             .last_tai = nas->last_tai,
                             .tai_list_n = nas->tai_list_n,
                             .t3346_ms = nas->t3346_ms,
                             .has_security = nas->has_security};
    if (!state->has_nas) {
        return E_NOT_FOUND;
    }
    memcpy(image.rand, state->me.last_rand, sizeof image.rand);
    memcpy(image.tai_list, nas->tai_list, sizeof image.tai_list);
    memcpy(image.security, nas->security, sizeof image.security);
    enum err err = ue_image_write(c, &image, out, n);
    wipe(&image, sizeof image);
    return err;
}

static void take_image(struct device_state *state, const struct ue_image *image)
{
    struct device_nas *nas = &state->nas;
    state->me.answered = image->answered;
    memcpy(state->me.last_rand, image->rand, sizeof state->me.last_rand);
    state->me.last_answer =
        (struct usim_answer){.res = image->res, .ck = image->ck, .ik = image->ik};
    state->has_nas = true;
    *nas = (struct device_nas){.has_guti = image->has_guti,
                               .guti = image->guti,
                               .has_last_tai = image->has_last_tai,
                               .last_tai = image->last_tai,
                               .tai_list_n = image->tai_list_n,
                               .t3346_ms = image->t3346_ms,
                               .has_security = image->has_security};
    memcpy(nas->tai_list, image->tai_list, sizeof nas->tai_list);
    memcpy(nas->security, image->security, sizeof nas->security);
}

enum err device_state_take_image(const struct crypto *c, struct device_state *state,
                                 struct bytes image, const uint64_t seq[static SQN_IND_COUNT])
{
    struct ue_image read;
    enum err err = ue_image_read(c, image, &read);
    if (err == E_OK && !imsi_eq(&read.imsi, &state->imsi)) {
        err = E_CONFLICT;
    }
    if (err == E_OK) {
        take_image(state, &read);
        memcpy(state->usim.seq, seq, sizeof state->usim.seq);
    }
    wipe(&read, sizeof read);
    return err;
}
