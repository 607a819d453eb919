/* A configuration read again: every key that changed is named, what needs a restart keeps its
 * value, and a file that is not good changes nothing. Covers src/nf/common/config_change.c,
 * src/nf/common/config_read.c, src/nf/hssd/config_reload.c. */
#include "lib/config_keys.h"

#include "nf/common/config_read.h"
#include "nf/hssd/config.h"
#include "nf/hssd/config_raw.h"

#include <stdio.h>
#include <unistd.h>

static void each_key_that_changes_is_in_one_of_the_lists(void **state)
{
    (void)state;
    each_is_named(&hssd_config_shape, &hssd_config_rules);
}

static void somebody_decided_for_each_key_when_it_counts(void **state)
{
    (void)state;
    struct config_rules rules = hssd_config_rules;
    config_each_key(&hssd_config_shape, has_rule, &rules);
}

static void each_rule_is_for_a_key_that_there_is(void **state)
{
    (void)state;
    each_belongs(&hssd_config_shape, &hssd_config_rules);
}

/* ---- files ---- */

static char folder[32], path[64];

#define IDENTITY(host)                                                                             \
    "origin_host: " host "\norigin_realm: example.net\nplmns: [\"001-01\"]\n"                      \
    "store: {path: hss.db, key_file: /etc/hss.key}\nadmin: {socket: admin.sock}\n"
#define LISTENER "listeners:\n  - address: tcp://127.0.0.1:3868\n"
#define PEER(host, more)                                                                           \
    "  - origin_host: " host "\n    realm: example.net\n    visited_plmns: [\"001-01\"]\n" more
#define PROFILE(up)                                                                                \
    "profiles:\n  - name: default\n    ambr: {uplink: " up ", downlink: 50 Mbps}\n"                \
    "    apns: [{name: internet}]\n    default_apn: internet\n"
#define TWO   "peers:\n" PEER("mme1.example.net", "") PEER("mme2.example.net", "")
#define FIRST IDENTITY("hss.example.net") LISTENER TWO PROFILE("50 Mbps")

static void write_file(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static struct hssd_config *first(void)
{
    struct hssd_config *c = NULL;
    struct config_why why;
    write_file(FIRST);
    if (hssd_config_load(path, &c, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    return c;
}

static void names_are(const struct config_names *names, const char *wanted)
{
    char text[512];
    config_names_print(names, text, sizeof text);
    assert_string_equal(text, wanted);
}

/* Reads `text` in the place of what runs; *running is the new snapshot then. */
static void again(struct hssd_config **running, const char *text, const char *changed,
                  const char *needs_restart)
{
    struct hssd_config *next = NULL;
    struct config_changes changes;
    struct config_why why;
    write_file(text);
    if (hssd_config_reload(*running, &next, &changes, &why) != E_OK) {
        fail_msg("%s: %s", why.place, why.sentence);
    }
    names_are(&changes.changed, changed);
    names_are(&changes.needs_restart, needs_restart);
    config_changes_free(&changes);
    hssd_config_free(*running);
    *running = next;
}

static void what_is_the_same_is_not_named(void **state)
{
    (void)state;
    struct hssd_config *c = first();
    again(&c, FIRST, "none", "none");
    again(&c, "# moved\n" LISTENER TWO IDENTITY("hss.example.net") PROFILE("50 Mbps"), "none",
          "none");
    hssd_config_free(c);
}

static void peers_come_go_and_change_by_their_names(void **state)
{
    (void)state;
    struct hssd_config *c = first();
    again(&c,
          IDENTITY("hss.example.net") LISTENER "peers:\n" PEER("mme3.example.net", "")
              PEER("mme1.example.net", "    connections: 7\n") PROFILE("50 Mbps"),
          "peers[mme1.example.net].connections, peers[mme2.example.net], peers[mme3.example.net]",
          "none");
    assert_int_equal(c->n_peers, 2);
    assert_null(hssd_config_peer_by_host(c, BYTES_LIT("mme2.example.net")));
    assert_int_equal(hssd_config_peer_by_host(c, BYTES_LIT("mme1.example.net"))->connections, 7);
    hssd_config_free(c);
}

static void what_needs_a_restart_stays_and_is_named_until_there_is_one(void **state)
{
    (void)state;
    struct hssd_config *c = first();
    for (int i = 0; i < 2; i++) {
        again(&c,
              IDENTITY("other.example.net")
                  LISTENER TWO PROFILE("70 Mbps") "limits: {threads: 3, events_kept: 500}\n",
              i == 0 ? "profiles[default].ambr.uplink, limits.events_kept" : "none",
              "origin_host, limits.threads");
        assert_string_equal(c->origin_host, "hss.example.net");
        assert_int_equal(c->limits.threads, 0);
        assert_int_equal(c->limits.events_kept, 500);
        assert_int_equal(c->profiles[0].ambr.uplink, 70000000);
    }
    again(&c, FIRST, "profiles[default].ambr.uplink, limits.events_kept", "none");
    hssd_config_free(c);
}

static void listeners_stay_all_of_them_when_one_comes(void **state)
{
    (void)state;
    struct hssd_config *c = first();
    again(&c,
          IDENTITY("hss.example.net") LISTENER
          "  - address: tcp://127.0.0.1:3869\n" TWO PROFILE("50 Mbps"),
          "none", "listeners[tcp://127.0.0.1:3869]");
    assert_int_equal(c->n_listeners, 1);
    hssd_config_free(c);
}

static void refuses(const struct hssd_config *running, const char *text, const char *place,
                    const char *sentence)
{
    struct hssd_config *next = NULL;
    struct config_changes changes;
    struct config_why why;
    if (text != NULL) {
        write_file(text);
    } else {
        assert_int_equal(unlink(path), 0);
    }
    assert_int_not_equal(hssd_config_reload(running, &next, &changes, &why), E_OK);
    assert_null(next);
    assert_non_null(strstr(why.place, place));
    assert_non_null(strstr(why.sentence, sentence));
}

static void a_file_that_is_not_good_changes_nothing(void **state)
{
    (void)state;
    struct hssd_config *c = first();
    refuses(c, IDENTITY("hss.example.net") "nonsense: 1\n", "hssd.yaml:6:1", "nonsense");
    refuses(c, IDENTITY("hss.example.net") LISTENER TWO PROFILE("50 Mpbs"), "profiles[0]", "");
    refuses(c, IDENTITY("x.example.net") LISTENER TWO PROFILE("5") "log: {level: loud}\n",
            "log.level", "");
    refuses(c, NULL, "hssd.yaml", "");
    again(&c, FIRST, "none", "none");
    hssd_config_free(c);
}

static void a_list_that_is_too_long_says_how_much_it_leaves_out(void **state)
{
    (void)state;
    char a[] = "aaaaaaaaaa", b[] = "bbbbbbbbbb", c[] = "cccccccccc", d[] = "dddddddddd";
    char *list[] = {a, b, c, d};
    const struct config_names names = {list, 4};
    char text[60];
    config_names_print(&names, text, sizeof text);
    assert_string_equal(text, "aaaaaaaaaa, bbbbbbbbbb and 2 more");
}

static int folder_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/bindery-again-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/hssd.yaml", folder);
    return 0;
}

static int folder_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_that_changes_is_in_one_of_the_lists),
        cmocka_unit_test(somebody_decided_for_each_key_when_it_counts),
        cmocka_unit_test(each_rule_is_for_a_key_that_there_is),
        cmocka_unit_test(what_is_the_same_is_not_named),
        cmocka_unit_test(peers_come_go_and_change_by_their_names),
        cmocka_unit_test(what_needs_a_restart_stays_and_is_named_until_there_is_one),
        cmocka_unit_test(listeners_stay_all_of_them_when_one_comes),
        cmocka_unit_test(a_file_that_is_not_good_changes_nothing),
        cmocka_unit_test(a_list_that_is_too_long_says_how_much_it_leaves_out),
    };
    return cmocka_run_group_tests(tests, folder_up, folder_down);
}
