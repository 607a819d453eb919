#include "nf/common/json_whole.h"

#include <stdlib.h>

char *json_whole_text(const json_t *json, size_t *n)
{
    *n = json != NULL ? json_dumpb(json, NULL, 0, JSON_COMPACT) : 0;
    char *text = *n > 0 ? malloc(*n + 1) : NULL;
    if (text != NULL && json_dumpb(json, text, *n, JSON_COMPACT) != *n) {
        free(text);
        return NULL;
    }
    if (text != NULL) {
        text[*n] = '\0';
    }
    return text;
}
