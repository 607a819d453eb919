/* test/lib/check.h - cmocka in the order its header demands, and the few words tests share. */
#ifndef BINDERY_TEST_LIB_CHECK_H
#define BINDERY_TEST_LIB_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"
#include <jansson.h>

#define assert_ok(e)     assert_int_equal((e), E_OK)
#define assert_err(e, x) assert_int_equal((e), (x))

/* Loads TEST_DATA/<file> or fails the test with the reason. The caller decrefs. */
json_t *vectors_load(const char *dir, const char *file);
/* Decodes the hex string at key into exactly out.n octets or fails the test. */
void vector_hex(json_t *set, const char *key, struct mbytes out);
/* A heap block of exactly in.n octets (so that a sanitizer sees one octet too far); free() it. */
uint8_t *exact_copy(struct bytes in);
/* A deterministic 64-bit generator for property tests. */
uint64_t test_rand(uint64_t *state);

#endif
