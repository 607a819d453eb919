/* nf/common/config_admin.h (src/nf/common/config_admin.c) and nf/common/admin_access.h
 * (src/nf/common/admin_access.c): who may administer, as the configuration has it. */
#include "net/pki.h"

#include "nf/common/config_admin.h"

struct whole {
    struct raw_admin admin;
};
static const cyaml_schema_field_t fields[] = {
    CONFIG_PART(whole, admin, config_admin),
    CONFIG_END,
};
CONFIG_WHOLE(schema, whole, fields);
static const struct config_shape shape = {&schema, "an example"};

static struct pki files;
static const struct plmn *homes; /* two, or NULL */

#define HEAD                                                                                       \
    "admin:\n  socket: a.sock\n  https:\n    listen: https://127.0.0.1:0\n"                        \
    "    certificate: a.crt\n    key: a.key\n    ca: ca.crt\n"

/* What comes of the text; when it is refused, place and sentence are in *why. */
static enum err load(const char *text, struct admin_https *out, struct config_why *why)
{
    char path[64];
    struct config_file file;
    snprintf(path, sizeof path, "%s", pki_path(&files, "a", ".yaml"));
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    *out = (struct admin_https){.on = false};
    enum err err = config_file_open(path, &shape, &file, why);
    if (err != E_OK) {
        return err;
    }
    struct checker k = {.places = file.places, .why = why};
    check_folder(&k, path);
    check_admin_https(&k, "admin.https.", &((struct whole *)file.raw)->admin.https, out);
    if (homes != NULL) {
        check_admin_scopes(&k, "admin.https.", out, homes, 2);
    }
    config_file_close(&file);
    if (k.err != E_OK) {
        admin_https_free(out);
    }
    return k.err;
}

static struct imsi imsi_of(const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static bool has(const struct admin_scope *scope, const char *digits)
{
    const struct imsi imsi = imsi_of(digits);
    return admin_scope_has(scope, &imsi);
}

static void users_have_roles_and_scopes(void **state)
{
    struct admin_https h;
    struct config_why why;
    (void)state;
    assert_ok(load(HEAD "    users:\n"
                        "      - {name: Ops.Example, role: administrator}\n"
                        "      - name: shop.example\n        role: provisioner\n"
                        "        plmns: [\"001-01\", \"001-001\"]\n"
                        "        imsi_ranges: [\"90170000000-90170000009\"]\n"
                        "      - {name: eye.example, role: reader}\n",
                   &h, &why));
    assert_true(h.on);
    assert_int_equal(h.n_users, 3);
    assert_string_equal(h.users[0].name, "ops.example");
    assert_int_equal(h.users[0].role, ADMIN_ADMINISTRATOR);
    assert_false(h.users[0].scoped);
    assert_ptr_equal(admin_https_user(&h, "shop.example"), &h.users[1]);
    assert_null(admin_https_user(&h, "example"));
    assert_true(h.users[1].scoped);
    const struct admin_scope *s = &h.users[1].scope;
    assert_true(has(s, "001010000000001"));
    assert_true(has(s, "001001000000001"));
    assert_false(has(s, "001020000000001"));
    assert_true(has(s, "90170000000"));
    assert_true(has(s, "90170000009"));
    assert_false(has(s, "90170000010"));
    assert_false(has(s, "901700000000")); /* of another length */
    assert_true(has(NULL, "901700000000"));
    admin_https_free(&h);
}

static void without_the_section_there_is_none(void **state)
{
    struct admin_https h;
    struct config_why why;
    (void)state;
    assert_ok(load("admin: {socket: a.sock}\n", &h, &why));
    assert_false(h.on);
    admin_https_free(&h);
}

static void what_is_wrong_is_named_with_its_place(void **state)
{
    static const struct {
        const char *text, *place, *sentence;
    } all[] = {
        {HEAD, "admin.https.users", "nobody could use it"},
        {HEAD "    users: []\n", "admin.https.users", "nobody could use it"},
        {HEAD "    users: [{name: a.example}]\n", "users[0].role", "is missing"},
        {HEAD "    users: [{name: a.example, role: king}]\n", "users[0].role", "king"},
        {HEAD "    users: [{role: reader}]\n", "users[0].name", "is missing"},
        {HEAD "    users: [{name: a, role: reader}, {name: A, role: reader}]\n", "users[1].name",
         "another user"},
        {HEAD "    users: [{name: a, role: reader, plmns: [\"1\"]}]\n", "users[0].plmns", "1"},
        {HEAD "    users: [{name: \"unix:root\", role: reader}]\n", "users[0].name", "dNSName"},
        {HEAD "    users: [{name: bindery-hssd, role: reader}]\n", "users[0].name", "on its own"},
        {HEAD "    users: [{name: a, role: reader, imsi_ranges: [\"001019-001010\"]}]\n",
         "users[0].imsi_ranges", "the lower one first"},
        {HEAD "    users: [{name: a, role: reader, imsi_ranges: [\"001010-0010199\"]}]\n",
         "users[0].imsi_ranges", "of one length"},
        {HEAD "    users: [{name: a, role: reader, imsi_ranges: [\"001010\"]}]\n",
         "users[0].imsi_ranges", "a hyphen between"},
        {HEAD "    users: [{name: a, role: reader}]\n    limits: {burst: 0}\n",
         "admin.https.limits.burst", "0"},
        {"admin: {https: {listen: \"http://127.0.0.1:1\"}}\n", "admin.https.listen",
         "is not an address"},
        {"admin: {https: {listen: \"https://127.0.0.1:1\"}}\n", "admin.https.certificate",
         "missing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct admin_https h;
        struct config_why why = {.sentence = ""};
        assert_int_equal(load(all[i].text, &h, &why), E_BAD_VALUE);
        if (strstr(why.place, all[i].place) == NULL ||
            strstr(why.sentence, all[i].sentence) == NULL) {
            fail_msg("%zu: %s: %s", i, why.place, why.sentence);
        }
    }
}

static struct imsi at_text(const char *text)
{
    struct imsi i = {.n = (uint8_t)strlen(text)};
    memcpy(i.digits, text, i.n);
    return i;
}

static void seeks(const struct admin_scope *scope, const char *from, const char *to)
{
    struct imsi at = at_text(from);
    const bool follows = admin_scope_seek(scope, &at);
    assert_int_equal(follows, to != NULL);
    if (to != NULL) {
        assert_string_equal(at.digits, to);
        assert_int_equal(at.n, strlen(to));
        assert_true(admin_scope_seek(scope, &at)); /* and stays */
        assert_string_equal(at.digits, to);
    }
}

static void a_list_goes_on_where_a_scope_can_have_the_next_one(void **state)
{
    struct admin_https h;
    struct config_why why;
    (void)state;
    assert_ok(load(HEAD "    users:\n      - name: a\n        role: reader\n"
                        "        plmns: [\"262-01\"]\n        imsi_ranges:\n"
                        "          - \"001010000000100-001010000000199\"\n"
                        "          - \"90170000-90170009\"\n",
                   &h, &why));
    const struct admin_scope *s = &h.users[0].scope;
    seeks(NULL, "", "");
    seeks(NULL, "901709", "901709");
    seeks(s, "", "00101000000010"); /* right before ...0100 as text */
    seeks(s, "001010000000099", "00101000000010");
    seeks(s, "001010000000100", "001010000000100");
    seeks(s, "001010000000109", "00101000000011"); /* what can follow is ...0110 */
    seeks(s, "001010000000199", "262009999999999");
    seeks(s, "001010000000200", "262009999999999");
    seeks(s, "26201", "26201");
    seeks(s, "262011234567890", "262011234567890");
    seeks(s, "262020000000000", "9017000");
    seeks(s, "90170000", "901700009999999");
    seeks(s, "901700001", "901700009999999"); /* one of another length is none of the range */
    seeks(s, "90170009", NULL);
    seeks(s, "999999999999999", NULL);
    admin_https_free(&h);
}

static bool scope_is_good(const char *scope, const char *first, const char *second,
                          struct config_why *why)
{
    struct admin_https h;
    struct plmn plmns[2];
    char text[1000];
    assert_ok(plmn_parse(bytes_of_str(first), &plmns[0]));
    assert_ok(plmn_parse(bytes_of_str(second), &plmns[1]));
    snprintf(text, sizeof text,
             HEAD "    users:\n      - {name: a, role: reader}\n"
                  "      - {name: b, role: reader, plmns: [\"%s\"]}\n",
             scope);
    homes = plmns;
    enum err err = load(text, &h, why);
    homes = NULL;
    admin_https_free(&h);
    return err == E_OK;
}

/*= test op-api-scope */
static void a_scope_whose_digits_are_another_home_network_s_is_refused(void **state)
{
    struct config_why why = {.sentence = ""};
    (void)state;
    assert_true(scope_is_good("405-03", "405-03", "405-04", &why));
    assert_true(scope_is_good("405-03", "001-01", "404-034", &why)); /* nobody's here */
    assert_false(scope_is_good("405-03", "001-01", "405-034", &why));
    assert_non_null(strstr(why.place, "(admin.https.users[1].plmns[0])"));
    assert_non_null(strstr(why.sentence, "`405-03` has the digits of IMSIs of 405-034 too"));
    assert_false(scope_is_good("405-03", "405-03", "405-034", &why)); /* both are served */
    assert_true(scope_is_good("405-034", "405-034", "405-035", &why));
    assert_true(scope_is_good("405-034", "405-03", "405-034", &why)); /* what both are is this */
    assert_false(scope_is_good("405-034", "405-03", "001-01", &why)); /* a tenth of its IMSIs */
}

/* It would look like everybody's. */
static void a_scope_that_is_empty_is_refused(void **state)
{
    struct admin_https h;
    struct config_why why;
    (void)state;
    assert_int_equal(load(HEAD "    users: [{name: a, role: reader, plmns: []}]\n", &h, &why),
                     E_BAD_VALUE);
    assert_int_equal(load(HEAD "    users: [{name: a, role: reader, imsi_ranges: []}]\n", &h, &why),
                     E_BAD_VALUE);
    assert_int_equal(load(HEAD "    users: [{name: a, role: reader, plmns: }]\n", &h, &why),
                     E_BAD_VALUE);
    assert_int_equal(load(HEAD "    users: [{name: a, role: reader, imsi_ranges: ~}]\n", &h, &why),
                     E_BAD_VALUE);
}

static void a_copy_has_all_of_it_and_a_life_of_its_own(void **state)
{
    struct admin_https a, b;
    struct config_why why;
    (void)state;
    assert_ok(load(HEAD "    crl: a.crl\n    users:\n"
                        "      - {name: a, role: reader, plmns: [\"001-01\"]}\n"
                        "      - {name: b, role: reader, imsi_ranges: [\"001010-001019\"]}\n",
                   &a, &why));
    assert_ok(admin_https_copy(&a, &b));
    assert_true(b.on);
    assert_int_equal(b.n_users, 2);
    assert_string_equal(b.crl, a.crl);
    assert_int_equal(b.listen.port, a.listen.port);
    assert_int_equal(b.limits.connections, a.limits.connections);
    admin_https_free(&a);
    assert_string_equal(b.users[0].name, "a");
    assert_int_equal(b.users[0].role, ADMIN_READER);
    assert_int_equal(b.users[0].scope.n_plmns, 1);
    assert_int_equal(b.users[1].scope.n_ranges, 1);
    assert_string_equal(b.users[1].scope.ranges[0].last.digits, "001019");
    admin_https_free(&b);
}

static void a_role_may_what_those_below_it_may(void **state)
{
    (void)state;
    for (enum admin_role has_it = 0; has_it < ADMIN_ROLES; has_it++) {
        for (enum admin_role asked = 0; asked < ADMIN_ROLES; asked++) {
            assert_int_equal(admin_role_may(has_it, asked), has_it <= asked);
        }
    }
    assert_false(admin_role_may(ADMIN_ROLES, ADMIN_READER));
    assert_string_equal(admin_role_name(ADMIN_PROVISIONER), "provisioner");
    assert_string_equal(admin_role_name(ADMIN_ROLES), "nobody");
}

static int setup(void **state)
{
    (void)state;
    pki_open(&files);
    pki_make(&files, "ca", NULL, "ca", NULL);
    pki_make(&files, "a", "ca", "a", "DNS:localhost");
    FILE *f = fopen(pki_path(&files, "a", ".crl"), "w");
    return f != NULL ? fclose(f) : -1;
}

static int teardown(void **state)
{
    (void)state;
    pki_close(&files);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_have_roles_and_scopes),
        cmocka_unit_test(without_the_section_there_is_none),
        cmocka_unit_test(what_is_wrong_is_named_with_its_place),
        cmocka_unit_test(a_scope_whose_digits_are_another_home_network_s_is_refused),
        cmocka_unit_test(a_scope_that_is_empty_is_refused),
        cmocka_unit_test(a_list_goes_on_where_a_scope_can_have_the_next_one),
        cmocka_unit_test(a_copy_has_all_of_it_and_a_life_of_its_own),
        cmocka_unit_test(a_role_may_what_those_below_it_may),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
