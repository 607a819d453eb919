/* test/emulator/discovery_scene.h - devices with dIMSIs, the operator that they discover
 * (emulator/discovery_site.h), and MMEs of one or two networks, on a virtual clock.
 */
#ifndef BINDERY_TEST_EMULATOR_DISCOVERY_SCENE_H
#define BINDERY_TEST_EMULATOR_DISCOVERY_SCENE_H

#include "emulator/discovery_site.h"
#include "emulator/place.h"
#include <unistd.h>

struct scene {
    struct place w;
    struct discovery_site *site;
    struct manage manage;
    char folder[40], path[64];
    bool open;
};

static inline struct scene *scene_of(void)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    configure(&s->w);
    s->site = discovery_site_open(&s->w.mme[0]);
    s->w.mme[1].discovery = &s->site->hooks;
    s->w.mme[1].home = &s->site->home;
    assert_ok(manage_parse("127.0.0.1:8443", &s->manage));
    strcpy(s->folder, "/tmp/discovery.XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->path, sizeof s->path, "%s/device.json", s->folder);
    return s;
}

static inline void keep(const struct scene *s, const char *name, const struct device_state *d)
{
    struct device_why why;
    char path[96];
    (void)snprintf(path, sizeof path, "%s/%s.json", s->folder, name);
    assert_ok(device_state_save(path, false, d, &why));
}

static inline void begin_as(struct scene *s, bool from_file, const struct population_guise *guise)
{
    const struct bindery_ue_settings settings = population_settings();
    struct population_why why = {""};
    assert_ok(population_open(&s->w.p, &settings, guise));
    const enum err err = from_file ? population_load_device(&s->w.p, s->path, &why)
                                   : population_load_devices(&s->w.p, s->folder, 0, &why);
    if (err != E_OK) {
        fail_msg("%s", why.text);
    }
    start_population(&s->w);
    s->open = true;
}

/* The device of the file. */
static inline void begin(struct scene *s)
{
    begin_as(s, true, NULL);
}

/* The program is gone, whatever it was doing. */
static inline void stop(struct scene *s)
{
    emulation_close(s->w.e);
    population_close(&s->w.p);
    s->w.e = NULL;
    for (unsigned i = 0; i < 2; i++) {
        s->w.mme[i].first = s->w.mme[i].last;
    }
    s->w.budget = -1;
    s->open = false;
}

static inline void end(struct scene *s)
{
    char command[96];
    if (s->open) {
        stop(s);
    }
    mme_close(&s->w.mme[0]);
    mme_close(&s->w.mme[1]);
    discovery_site_close(s->site);
    (void)snprintf(command, sizeof command, "rm -rf %s", s->folder);
    assert_int_equal(system(command), 0);
    free(s);
}

static inline struct device_state state_in(const struct scene *s)
{
    struct device_state d;
    struct device_why why;
    assert_ok(device_state_load(s->path, &d, &why));
    return d;
}

static inline const struct tally *attach_one(struct scene *s, uint64_t ns)
{
    emulation_attach(s->w.e, 0, s->w.now);
    run_for(&s->w, ns);
    return emulation_tally(s->w.e);
}

/* One device with one dIMSI that its operator knows. */
static inline struct scene *simple(void)
{
    struct scene *s = scene_of();
    const struct device_state d = site_device(s->site, 0, true);
    keep(s, "device", &d);
    return s;
}

/* A second network, which devices like better. */
static inline void second_network(struct scene *s)
{
    s->w.config.further = 1;
    assert_ok(plmn_parse(BYTES_LIT("999-70"), &s->w.config.network[0]));
    plmn_to_octets(&s->w.config.network[0], s->w.config.policy[0]);
    plmn_to_octets(&s->w.config.network[0], s->w.mme[1].sn);
    const struct plmn first = s->w.config.enb.plmns[0];
    plmn_to_octets(&first, s->w.config.policy[1]);
    s->w.config.policy_n = 2;
}

#define TEMPORARY "001010000700000"
#define OWN       "001010000800000"

#endif
