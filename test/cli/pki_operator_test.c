/* src/cli/pki_operator.c, held to what opens it at the AUSF (net/onboard_signer.h) and to what
 * judges it in a device (device/linux/onboard_openssl.h). Declared in cli/pki.h. */
#include "cli/pki.h"

#include "cli/said.h"
#include "device/linux/onboard_openssl.h"
#include "net/onboard_signer.h"
#include <dirent.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <time.h>

static char dir[64];

static int begin(void **state)
{
    (void)state;
    folder_make(dir);
    return 0;
}

static int end(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static const char *path_of(const char *name)
{
    static char path[4][160];
    static int turn;
    turn = (turn + 1) % 4;
    (void)snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static struct plmn plmn_of(const char *text)
{
    struct plmn p;
    assert_ok(plmn_parse(bytes_of_str(text), &p));
    return p;
}

static bool make(const char *const *networks, size_t n)
{
    struct plmn plmns[PKI_PLMNS_MAX + 8];
    for (size_t i = 0; i < n; i++) {
        plmns[i] = plmn_of(networks[i]);
    }
    return pki_make_operator(dir, plmns, n);
}

static size_t entries(void)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
        n += e->d_name[0] != '.';
    }
    (void)closedir(d);
    return n;
}

static struct bytes der_of(const char *name, uint8_t room[static 4096])
{
    FILE *f = fopen(path_of(name), "r");
    assert_non_null(f);
    X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
    (void)fclose(f);
    assert_non_null(x);
    unsigned char *p = room;
    int n = i2d_X509(x, NULL);
    assert_in_range(n, 1, 4096);
    assert_int_equal(i2d_X509(x, &p), n);
    X509_free(x);
    return (struct bytes){room, (size_t)n};
}

static struct onboard_signer *open_operator(void)
{
    struct onboard_signer *s = NULL;
    struct verify_why why = {""};
    if (onboard_signer_open(path_of("operator.crt"), path_of("operator.key"), &s, &why) != E_OK) {
        fail_msg("%s", why.text);
    }
    return s;
}

static struct onboard_roots *open_roots(const char *name)
{
    uint8_t room[4096];
    struct onboard_roots *r = NULL;
    const struct bytes der = der_of(name, room);
    assert_ok(onboard_openssl_roots(&der, 1, &r));
    return r;
}

/*= test certattach-operator */
static void a_device_believes_the_operator_on_the_networks_that_it_names_and_no_other(void **state)
{
    static const char *const networks[] = {"001-01", "999-070"};
    static const struct {
        const char *plmn;
        enum certattach_refusal verdict;
    } cases[] = {{"001-01", CERTATTACH_REFUSED_NONE},
                 {"999-070", CERTATTACH_REFUSED_NONE},
                 {"001-02", CERTATTACH_REFUSED_OTHER_PLMN},
                 {"999-71", CERTATTACH_REFUSED_OTHER_PLMN}};
    uint8_t signature[SIGNATURE_LEN];
    const int64_t now = (int64_t)time(NULL);
    (void)state;
    assert_true(make(networks, 2));
    struct onboard_signer *s = open_operator();
    struct onboard_roots *r = open_roots("provisioning-ca.crt");
    assert_true(onboard_signer_lists(s, "epc.mnc001.mcc001.3gppnetwork.org"));
    assert_false(onboard_signer_lists(s, "epc.mnc002.mcc001.3gppnetwork.org"));
    assert_ok(onboard_signer_sign(s, BYTES_LIT("content"), signature));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct plmn plmn = plmn_of(cases[i].plmn);
        assert_int_equal(onboard_openssl_verify(r, onboard_signer_chain(s), &plmn, now + 60, now,
                                                BYTES_LIT("content"), BYTES_OF(signature)),
                         cases[i].verdict);
    }
    onboard_openssl_roots_free(r);
    onboard_signer_close(s);
}

static void a_device_with_another_root_does_not(void **state)
{
    static const char *const networks[] = {"001-01"};
    uint8_t signature[SIGNATURE_LEN];
    char other[96];
    const struct plmn plmn = plmn_of("001-01");
    const int64_t now = (int64_t)time(NULL);
    (void)state;
    assert_true(make(networks, 1));
    (void)snprintf(other, sizeof other, "%s/pki", dir);
    assert_true(pki_make_roles(other, NULL, NULL, NULL, 0));
    struct onboard_signer *s = open_operator();
    struct onboard_roots *r = open_roots("pki/device-ca.crt");
    assert_ok(onboard_signer_sign(s, BYTES_LIT("content"), signature));
    assert_int_equal(onboard_openssl_verify(r, onboard_signer_chain(s), &plmn, now + 60, now,
                                            BYTES_LIT("content"), BYTES_OF(signature)),
                     CERTATTACH_REFUSED_UNTRUSTED);
    onboard_openssl_roots_free(r);
    onboard_signer_close(s);
}

static void its_keys_are_their_owners_only(void **state)
{
    static const char *const networks[] = {"001-01"};
    struct stat st;
    (void)state;
    assert_true(make(networks, 1));
    assert_int_equal(entries(), 4);
    assert_int_equal(stat(path_of("operator.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(path_of("provisioning-ca.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void as_many_networks_as_it_takes_make_one_that_is_opened(void **state)
{
    char text[PKI_PLMNS_MAX][PLMN_TEXT_MAX];
    const char *networks[PKI_PLMNS_MAX];
    (void)state;
    for (size_t i = 0; i < PKI_PLMNS_MAX; i++) {
        (void)snprintf(text[i], sizeof text[i], "310-%03u", (unsigned)(410 + i));
        networks[i] = text[i];
    }
    assert_true(make(networks, PKI_PLMNS_MAX));
    struct onboard_signer *s = open_operator();
    assert_in_range(onboard_signer_chain(s).n, 1, ONBOARD_CHAIN_MAX);
    onboard_signer_close(s);
}

/* Whatever stands there already, it is neither replaced nor taken away. */
static void what_is_there_stays_and_nothing_is_left_beside_it(void **state)
{
    static const char *const names[] = {"provisioning-ca.crt", "provisioning-ca.key",
                                        "operator.crt", "operator.key"};
    static const char *const networks[] = {"001-01"};
    struct said s;
    char line[64];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        FILE *f = fopen(path_of(names[i]), "w");
        assert_non_null(f);
        assert_int_not_equal(fputs("of somebody else", f), EOF);
        assert_int_equal(fclose(f), 0);
        said_begin(&s);
        assert_false(make(networks, 1));
        said_end(&s);
        said_holds(&s, names[i]);
        said_holds(&s, "move it away");
        assert_int_equal(entries(), 1);
        f = fopen(path_of(names[i]), "r");
        assert_non_null(f);
        assert_non_null(fgets(line, sizeof line, f));
        assert_int_equal(fclose(f), 0);
        assert_string_equal(line, "of somebody else");
        assert_int_equal(unlink(path_of(names[i])), 0);
    }
}

static void without_a_directory_or_a_network_there_is_none(void **state)
{
    struct said s;
    const struct plmn plmn = plmn_of("001-01");
    (void)state;
    said_begin(&s);
    assert_false(pki_make_operator("/nowhere/at/all", &plmn, 1));
    assert_false(pki_make_operator(dir, &plmn, 0));
    said_end(&s);
    said_holds(&s, "/nowhere/at/all: No such file");
    assert_int_equal(entries(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_device_believes_the_operator_on_the_networks_that_it_names_and_no_other, begin, end),
        cmocka_unit_test_setup_teardown(a_device_with_another_root_does_not, begin, end),
        cmocka_unit_test_setup_teardown(its_keys_are_their_owners_only, begin, end),
        cmocka_unit_test_setup_teardown(as_many_networks_as_it_takes_make_one_that_is_opened, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_there_stays_and_nothing_is_left_beside_it, begin,
                                        end),
        cmocka_unit_test_setup_teardown(without_a_directory_or_a_network_there_is_none, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
