#include "cli/memory.h"
#include "base/span.h"
#include <curl/curl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The size stands before the block, in a header that keeps the block's alignment. */
#define HEADER _Alignof(max_align_t)
_Static_assert(sizeof(size_t) <= HEADER, "the size fits the header");

void *wiped_malloc(size_t n)
{
    if (n > SIZE_MAX - HEADER) {
        return NULL;
    }
    unsigned char *p = malloc(n + HEADER);
    if (!p) {
        return NULL;
    }
    memcpy(p, &n, sizeof n);
    return p + HEADER;
}

static size_t size_of(const void *p)
{
    size_t n;
    memcpy(&n, (const unsigned char *)p - HEADER, sizeof n);
    return n;
}

void wiped_free(void *p)
{
    if (p) {
        wipe(p, size_of(p));
        free((unsigned char *)p - HEADER);
    }
}

static void *wiped_realloc(void *p, size_t n)
{
    void *fresh = wiped_malloc(n);
    if (fresh && p) {
        size_t old = size_of(p);
        memcpy(fresh, p, old < n ? old : n);
        wiped_free(p);
    }
    return fresh;
}

static void *wiped_calloc(size_t count, size_t each)
{
    if (each && count > SIZE_MAX / each) {
        return NULL;
    }
    void *p = wiped_malloc(count * each);
    return p ? memset(p, 0, count * each) : NULL;
}

static char *wiped_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = wiped_malloc(n);
    return p ? memcpy(p, s, n) : NULL;
}

void cli_memory_wipes(void)
{
    json_set_alloc_funcs(wiped_malloc, wiped_free);
    (void)curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiped_malloc, wiped_free, wiped_realloc,
                               wiped_strdup, wiped_calloc);
}
