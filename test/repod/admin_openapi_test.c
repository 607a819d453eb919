/* What src/nf/repod/admin.c serves, and docs/openapi/repod-admin.yaml. */
#include "lib/openapi.h"

#include "nf/repod/admin.h"

static struct openapi document;

static void what_is_served_stands_in_the_document_with_its_role_and_parameters(void **state)
{
    (void)state;
    openapi_has_what_is_served(&document);
}

static void what_stands_in_the_document_is_served(void **state)
{
    (void)state;
    openapi_has_nothing_else(&document);
}

static int setup(void **state)
{
    (void)state;
    openapi_open(&document, "repod-admin.yaml", repod_admin_paths);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    openapi_close(&document);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_served_stands_in_the_document_with_its_role_and_parameters),
        cmocka_unit_test(what_stands_in_the_document_is_served),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
