#include "nf/common/admin_problem.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name;
    unsigned status;
    const char *title;
} rows[] = {
#define X(name, text, status, title) [PROBLEM_##name] = {text, status, title},
    PROBLEM_LIST(X)
#undef X
};

/* What comes from outside, or was cut within a character, is no text for JSON. */
static void only_text(char *text)
{
    json_t *whole = json_string(text);
    for (char *p = text; whole == NULL && *p != '\0'; p++) {
        *p = (char)((*p & 0x80) != 0 ? '?' : *p);
    }
    json_decref(whole);
}

bool admin_fault_set(struct admin_fault *fault, enum problem problem, const char *pointer,
                     const char *fmt, ...)
{
    va_list args;
    fault->problem = problem;
    snprintf(fault->pointer, sizeof fault->pointer, "%s", pointer != NULL ? pointer : "");
    va_start(args, fmt);
    vsnprintf(fault->detail, sizeof fault->detail, fmt, args);
    va_end(args);
    only_text(fault->pointer);
    only_text(fault->detail);
    return false;
}

static enum problem problem_of(enum err err)
{
    return err == E_BUSY        ? PROBLEM_BUSY
           : err == E_MEMORY    ? PROBLEM_NO_MEMORY
           : err == E_WRONG_KEY ? PROBLEM_KEY_FAILED
           : err == E_DISK_FULL ? PROBLEM_STORE_FULL
                                : PROBLEM_STORE_FAILED;
}

bool admin_fault_store(struct admin_fault *fault, enum err err)
{
    return admin_fault_set(fault, problem_of(err), NULL, "%s", err_sentence(err));
}

const char *problem_name(enum problem p)
{
    return rows[p].name;
}

unsigned problem_status(enum problem p)
{
    return rows[p].status;
}

json_t *problem_json(const struct admin_fault *fault, unsigned row)
{
    char type[64];
    snprintf(type, sizeof type, "urn:bindery:problem:%s", problem_name(fault->problem));
    json_t *o = json_pack("{s:s,s:s,s:i,s:s}", "type", type, "title", rows[fault->problem].title,
                          "status", (int)rows[fault->problem].status, "detail", fault->detail);
    if (o != NULL && fault->pointer[0] != '\0') {
        (void)json_object_set_new(o, "pointer", json_string(fault->pointer));
    }
    if (o != NULL && row > 0) {
        (void)json_object_set_new(o, "row", json_integer((json_int_t)row));
    }
    return o; /* a member lost for want of memory leaves a poorer but true object */
}

bool admin_json_parse(struct bytes text, json_t **out, struct admin_fault *fault)
{
    json_error_t why;
    *fault = (struct admin_fault){.problem = PROBLEM_NONE};
    *out = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &why);
    if (*out != NULL) {
        return true;
    }
    /* jansson's own text may quote the input, and with it a key: the place is enough. */
    return admin_fault_set(fault, PROBLEM_NOT_JSON, NULL,
                           "not JSON, or a member twice, near line %d, column %d", why.line,
                           why.column);
}
