/* store/store.h - what a home network keeps: subscriptions, devices, keys, serving nodes, events.
 *
 * The one interface to it; SQLite (WAL) is behind it today and nothing above may assume so. A
 * process opens a store once; each signalling thread opens a reader of its own; there is one
 * writer. Secrets are sealed at rest (AES-256-GCM under data keys that a key-encryption key outside
 * the database wraps; the row's identity is associated data) and opened only into the typed
 * structures below, which their holder wipes. Nothing here decides anything, and nothing here
 * blocks on the network.
 */
#ifndef BINDERY_STORE_STORE_H
#define BINDERY_STORE_STORE_H

#include "crypto/aka_functions.h"
#include "id/imei.h"
#include "id/imsi.h"

#define STORE_HOST_MAX    256
#define STORE_PROFILE_MAX 32
#define STORE_MSISDN_MAX  16
#define STORE_DEVICES_MAX 16

#define STORE_NW_SIG_LEN           32
#define STORE_LOT_ID_MAX           32
#define STORE_LOT_MANUFACTURER_MAX 64
#define STORE_LOT_MODULUS_MAX      512

struct store;
struct store_reader;
struct store_writer;

/* A failure with the words for a person: what, where, and what to do next. Never a secret. */
struct store_why {
    enum err err;
    char text[512];
};

struct store_options {
    const char *path;     /* the database file */
    const char *kek_path; /* 32 octets as 64 hex digits, readable by its owner only */
    bool create;          /* make both if they are not there */
};
/* Opens, takes the exclusive lock on "<path>.lock" (a second HSS on the same file is refused),
 * checks the key-encryption key against the store, migrates an older schema, refuses a newer one. A
 * key file is only ever made together with a new database, never for one that is there already.
 * Errors, also in why->err: E_LOCKED, E_TOO_NEW, E_WRONG_KEY, E_NOT_FOUND (no key file, no
 * database), E_DENIED (key file readable by others or not ours), E_BAD_VALUE (the file is not a
 * store, or the key file holds no key), E_CONFLICT (a new store beside the log of one whose file is
 * gone), E_BUSY (another program's tool holds the database), E_IO, E_MEMORY. A failed open changes
 * nothing but the lock file. A process opens its first store before it starts threads. */
MUST_USE enum err store_open(const struct store_options *options, struct store **out,
                             struct store_why *why);
/* After every reader was closed. Harmless on NULL. An open batch is rolled back. */
void store_close(struct store *s);

/* ---- rows ---- */

struct store_serving {
    char host[STORE_HOST_MAX]; /* empty: nobody serves the subscriber */
    char realm[STORE_HOST_MAX];
    uint8_t plmn[3];
    bool purged;   /* PUR came: the MME holds nothing any more */
    int64_t since; /* Unix seconds */
};

struct store_subscriber {
    struct imsi imsi;
    struct aka_keys keys;          /* sealed at rest */
    int64_t dif;                   /* proc/sqn.h */
    uint8_t policy;                /* enum binding_policy */
    uint8_t proof;                 /* bits of devid_policy_bits: what is wanted of its devices */
    bool suspended;                /* the operator bars the subscription */
    char msisdn[STORE_MSISDN_MAX]; /* digits, or empty */
    char profile[STORE_PROFILE_MAX];
    bool has_last_imei;
    struct imei last_imei;
    struct store_serving serving;
    uint32_t binding_failures; /* in a row */
    uint8_t kme_request; /* enum kme_request: what an operator asked for (store_kme has all) */
    bool pending;     /* made in the attach procedure, and never used: store_onboarding has all */
    uint64_t version; /* grows with each administrative change */
};

/* What became of devices' proofs of their IMEI (proc/devid.h) with a subscription: what is
 * remembered of one that was proven, and the last outcome there was. One subscription remembers one
 * IMEI, and one IMEI is remembered by one subscription. */
#define STORE_CAUSE_MAX 48
struct store_memory {
    struct imei imei;
    uint8_t form;    /* enum binding_form */
    uint64_t serial; /* of the record that was relied on */
    int64_t at;      /* Unix seconds */
    int64_t until;
};
struct store_outcome {
    struct imei imei;
    uint8_t result;              /* enum devid_result */
    char cause[STORE_CAUSE_MAX]; /* the name of an enum devid_cause */
    uint8_t form;                /* 0: nothing was relied on */
    uint64_t serial;
    int64_t at;
};
struct store_proof {
    struct imsi imsi;
    bool remembered;
    struct store_memory memory;
    bool known;
    struct store_outcome last;
};

struct store_device {
    struct imsi imsi;
    struct imei imei;
    bool has_kme;
    bool has_previous;
    struct key_kme kme; /* sealed at rest */
    struct key_kme previous;
    /* Of the KME that is stored; it is the network's to write: store_put_device does not look at
     * them, and sets since when the KME changes. */
    char kme_lot[STORE_LOT_ID_MAX + 1]; /* the lot under whose N it came; empty: it was brought */
    int64_t kme_since;                  /* Unix seconds; 0: it is not known */
    int64_t kme_used;                   /* the last registration under it; 0: none yet */
};

/* How the provisioning of a subscription stands (struct kme_home of proc/kme.h). All zeros but for
 * the IMSI: nothing ever happened, and no row. */
struct store_kme {
    struct imsi imsi;
    uint8_t request; /* enum kme_request */
    bool request_has_imei;
    struct imei request_imei;
    uint8_t phase; /* enum kme_phase */
    uint8_t due;   /* enum kme_due */
    uint8_t nonce[16];
    int64_t expires;
    bool has_taken;
    uint8_t digest[32];
    uint8_t nw_sig[STORE_NW_SIG_LEN]; /* with has_taken; sealed at rest */
};

/* A manufacturer's lot: N for devices, P and Q for the home network (net/lot_key.h). */
#define STORE_LOT_RANGES_MAX 4096
struct store_lot {
    char id[STORE_LOT_ID_MAX + 1];
    char manufacturer[STORE_LOT_MANUFACTURER_MAX + 1];
    uint16_t modulus_n; /* octets */
    uint8_t modulus[STORE_LOT_MODULUS_MAX];
    int64_t imported; /* Unix seconds */
    uint32_t ranges;  /* how many it covers */
};
struct store_lot_key { /* sealed at rest; the owner wipes it */
    uint16_t n;        /* octets of each */
    uint8_t p[STORE_LOT_MODULUS_MAX / 2], q[STORE_LOT_MODULUS_MAX / 2];
};
struct store_lot_range {
    uint64_t first, last; /* numbers of 14 digits (id/imei_range.h) */
    char lot[STORE_LOT_ID_MAX + 1];
};

/* How the provisioning of a device stands that has, or wants, a subscription by the URL of its
 * certificate (proc/certattach.h): one for each authority and device id. */
#define STORE_AUTHORITY_MAX     64
#define STORE_DEVICE_ID_MAX     64
#define STORE_DEVICE_TEXT_MAX   64
#define STORE_ONBOARDING_PHASES 7 /* as many as enum certattach_phase has */
struct store_onboarding_key {
    char authority[STORE_AUTHORITY_MAX + 1]; /* its name in the configuration */
    char id[STORE_DEVICE_ID_MAX + 1];
};
struct store_onboarding {
    struct store_onboarding_key key;
    uint8_t phase; /* enum certattach_phase, never NEW */
    bool again;    /* ACTIVE: it may have its keys once more */
    struct imei imei;
    char manufacturer[STORE_DEVICE_TEXT_MAX + 1];
    char model[STORE_DEVICE_TEXT_MAX + 1];
    char serial_number[STORE_DEVICE_TEXT_MAX + 1];
    bool has_imsi; /* PENDING, ACTIVE, and DENIED of one that was ACTIVE */
    struct imsi imsi;
    uint8_t nonce_1[16]; /* with has_imsi */
    uint8_t digest[32];  /* of the certificate that it was made for; with has_imsi */
    int64_t first;       /* Unix seconds: it asked for the first time; */
    int64_t changed;     /* the phase began; */
    int64_t expires;     /* PENDING: it ends; else 0 */
};
/* What became of a range of IMSIs that are given to devices. */
struct store_pool {
    uint64_t total;
    uint64_t never_used; /* nobody ever had them */
    uint64_t resting;    /* given back, and kept aside for a while */
    uint64_t ready;      /* given back, and to be had again */
};

/* ---- reading: one reader per thread ----
 *
 * On an error no secret is left in *out, and counts of rows are 0. Every function may return E_IO
 * and E_MEMORY.
 */

MUST_USE enum err store_reader_open(struct store *s, struct store_reader **out);
void store_reader_close(struct store_reader *r);
/* Brackets several reads into one transaction (one wake-up's messages), which see one state of the
 * store. Keep it short: the log cannot be reused meanwhile. Errors: E_BAD_STATE (nested), E_IO. */
MUST_USE enum err store_reader_begin(struct store_reader *r);
void store_reader_end(struct store_reader *r);
/* Errors: E_NOT_FOUND, E_WRONG_KEY (the row does not open), E_IO. */
MUST_USE enum err store_read_subscriber(struct store_reader *r, const struct imsi *imsi,
                                        struct store_subscriber *out);
/* The devices of an IMSI in ascending IMEI order. Errors: E_WRONG_KEY, E_IO. */
MUST_USE enum err store_read_devices(struct store_reader *r, const struct imsi *imsi,
                                     struct store_device out[static STORE_DEVICES_MAX], size_t *n);
/* Both at once, in less time than the two, and without what a vector has no use for: of
 * *out msisdn, profile, binding_failures and all of serving but its host stay empty, and of each
 * device kme_since, kme_lot and kme_used. *n counts the devices. Errors: E_NOT_FOUND, E_WRONG_KEY,
 * E_IO. */
MUST_USE enum err store_read_for_vectors(struct store_reader *r, const struct imsi *imsi,
                                         struct store_subscriber *out,
                                         struct store_device devices[static STORE_DEVICES_MAX],
                                         size_t *n);
/* The IMSIs that may use this device, that remember its proof, or whose last outcome was its, in
 * ascending order, at most max. */
MUST_USE enum err store_read_imsis_of(struct store_reader *r, const struct imei *imei,
                                      struct imsi *out, size_t max, size_t *n);
/* Subscribers after `after` (empty or NULL: from the first) in IMSI order, without opening their
 * secrets; keys.k and keys.opc have n == 0. At most max. */
MUST_USE enum err store_list_subscribers(struct store_reader *r, const struct imsi *after,
                                         struct store_subscriber *out, size_t max, size_t *n);
/* Devices after (imsi, imei), without their keys: has_kme and has_previous tell whether there are
 * any. after_imsi empty or NULL: from the first; after_imei empty or NULL: from the IMSI's first.
 */
MUST_USE enum err store_list_devices(struct store_reader *r, const struct imsi *after_imsi,
                                     const struct imei *after_imei, struct store_device *out,
                                     size_t max, size_t *n);
MUST_USE enum err store_count(struct store_reader *r, uint64_t *subscribers, uint64_t *devices);
MUST_USE enum err store_read_mark(struct store_reader *r, uint64_t *mark); /* 0 if never stored */

/* ---- proofs of IMEIs (store_proof.c) ---- */

/* Neither remembered nor known where there is nothing: that is no error. */
MUST_USE enum err store_read_proof(struct store_reader *r, const struct imsi *imsi,
                                   struct store_proof *out);
/* How far the changes of a repository were taken; 0 if never stored. */
MUST_USE enum err store_read_cursor(struct store_reader *r, const char *repository,
                                    uint64_t *cursor);

/* ---- provisioning of KMEs (store_kme.c), lots (store_lot.c) ---- */

/* Zeros but for the IMSI where there is no row: that is no error. The owner wipes *out. Errors:
 * E_WRONG_KEY, E_IO. */
MUST_USE enum err store_read_kme(struct store_reader *r, const struct imsi *imsi,
                                 struct store_kme *out);
/* Lots after `after` (empty or NULL: from the first) by their ids; ranges of all lots after `after`
 * (NULL: from the first) by their first IMEI. At most max. */
MUST_USE enum err store_list_lots(struct store_reader *r, const char *after, struct store_lot *out,
                                  size_t max, size_t *n);
MUST_USE enum err store_list_lot_ranges(struct store_reader *r, const uint64_t *after,
                                        struct store_lot_range *out, size_t max, size_t *n);
/* Errors: E_NOT_FOUND. */
MUST_USE enum err store_read_lot(struct store_reader *r, const char *id, struct store_lot *out);
/* Errors: E_NOT_FOUND, E_WRONG_KEY, E_IO. */
MUST_USE enum err store_read_lot_key(struct store_reader *r, const char *id,
                                     struct store_lot_key *out);

/* ---- subscriptions by certificate URL (store_onboarding.c), their IMSIs (store_pool.c) ---- */

/* Errors: E_NOT_FOUND. */
MUST_USE enum err store_read_onboarding(struct store_reader *r,
                                        const struct store_onboarding_key *key,
                                        struct store_onboarding *out);
/* The one that has, or had, this IMSI now. Errors: E_NOT_FOUND. */
MUST_USE enum err store_read_onboarding_of(struct store_reader *r, const struct imsi *imsi,
                                           struct store_onboarding *out);
/* After `after` (NULL: from the first), by authority and id; phase 0: all. At most max. */
MUST_USE enum err store_list_onboarding(struct store_reader *r,
                                        const struct store_onboarding_key *after, uint8_t phase,
                                        struct store_onboarding *out, size_t max, size_t *n);
/* How many of an authority are in each phase, by its number. Costs no scan. */
MUST_USE enum err store_count_onboarding(struct store_reader *r, const char *authority,
                                         uint64_t counts[static STORE_ONBOARDING_PHASES]);
/* PENDING ones that end at `now` or did before, the first of them first. At most max. */
MUST_USE enum err store_due_onboarding(struct store_reader *r, int64_t now,
                                       struct store_onboarding_key *out, size_t max, size_t *n);
/* Counts what rests, and the subscribers ahead of where the pool was passed, one by one: not for
 * each device that asks. Errors: E_BAD_VALUE (no range of IMSIs of one length). */
MUST_USE enum err store_read_pool(struct store_reader *r, const struct imsi *first,
                                  const struct imsi *last, int64_t now, struct store_pool *out);

struct store_event {
    uint64_t id;
    int64_t at_ms; /* Unix milliseconds */
    char name[32]; /* "registered", "suspected-theft", ... */
    char imsi[16]; /* or empty */
    char imei[16]; /* or empty */
    char peer[STORE_HOST_MAX];
    char cause[48]; /* a refusal's name, or empty */
    char detail[160];
};
/* Events with an id above `after`, oldest first; name NULL: all names. */
MUST_USE enum err store_list_events(struct store_reader *r, uint64_t after, const char *name,
                                    struct store_event *out, size_t max, size_t *n);
/* Those with an id below `before`, newest first. */
MUST_USE enum err store_list_events_back(struct store_reader *r, uint64_t before, const char *name,
                                         struct store_event *out, size_t max, size_t *n);

/* ---- the lists of the EIR (store_eir.c) ---- */

#define STORE_NOTE_MAX 64

/* IMEIs are the numbers of their 14 digits (id/imei_range.h). One range may stand on several lists.
 */
struct store_eir_rule {
    uint64_t first;
    uint64_t last;
    uint8_t list; /* enum eir_list */
    char note[STORE_NOTE_MAX];
};
struct store_eir {
    uint64_t rules;   /* how many there are */
    uint64_t version; /* grows with each rule that comes or goes */
};
MUST_USE enum err store_read_eir(struct store_reader *r, struct store_eir *out);
/* Rules after `after` (NULL: from the first) by first, last and list. At most max. */
MUST_USE enum err store_list_eir_rules(struct store_reader *r, const struct store_eir_rule *after,
                                       struct store_eir_rule *out, size_t max, size_t *n);
/* Fills in rule->note. Errors: E_NOT_FOUND. */
MUST_USE enum err store_read_eir_note(struct store_reader *r, struct store_eir_rule *rule);

/* What an equipment check asks of a subscription: no secret is opened for it. */
struct store_pairing {
    uint8_t policy;
    bool has_last_imei;
    struct imei last_imei;
    bool device_listed; /* is the IMEI among the subscription's devices? */
};
/* Errors: E_NOT_FOUND (no such subscriber). */
MUST_USE enum err store_read_pairing(struct store_reader *r, const struct imsi *imsi,
                                     const struct imei *imei, struct store_pairing *out);

/* ---- writing: one writer, batches ---- */

/* The writer of the store; one thread uses it. */
struct store_writer *store_the_writer(struct store *s);
/* A batch: begin, any number of changes, commit. Nothing is durable before commit returns E_OK, and
 * everything is then (synchronous=FULL). A change that fails with another error than E_IO leaves
 * the batch as if it had not been called. After E_IO the batch takes nothing more: every further
 * call returns E_IO, and so does commit, which ends the batch as rollback does. What a failed
 * commit meant to write may still be found after a crash, in full, never in part; so what was not
 * acknowledged must be safe to repeat. Out of a batch every change returns E_BAD_STATE.
 * Errors of begin: E_BAD_STATE (nested), E_BUSY (another program's tool writes), E_IO. */
MUST_USE enum err store_begin(struct store_writer *w);
MUST_USE enum err store_commit(struct store_writer *w);
void store_rollback(struct store_writer *w);
/* Did the last batch fail (E_IO) because the disk has no room left? Until the next begin. */
bool store_writer_is_full(const struct store_writer *w);
/* Several changes of a batch as one: what came since store_step_begin stays (keep) or is undone.
 * Steps nest: an end is the innermost one's. Errors: E_BAD_STATE, E_IO. */
MUST_USE enum err store_step_begin(struct store_writer *w);
MUST_USE enum err store_step_end(struct store_writer *w, bool keep);

enum store_put { STORE_INSERT, STORE_UPDATE, STORE_UPSERT };
enum store_did { STORE_ADDED, STORE_CHANGED, STORE_UNCHANGED };
/* Administrative fields only: keys, dif (on insert), policy, proof, suspended, msisdn, profile.
 * What the network wrote (serving node, last IMEI, failures, proofs) stays; so does dif unless the
 * keys changed. `version` begins at 1. UNCHANGED writes nothing. *did is written on E_OK only.
 * Errors: E_EXISTS (INSERT), E_NOT_FOUND (UPDATE), E_CONFLICT (MSISDN in use), E_BAD_LENGTH and
 * E_BAD_VALUE (keys that no algorithm takes, a text without its end), E_WRONG_KEY (the row that is
 * there does not open), E_CRYPTO, E_IO. */
MUST_USE enum err store_put_subscriber(struct store_writer *w, enum store_put how,
                                       const struct store_subscriber *row, enum store_did *did);
/* With its devices, their proofs, and its provisioning. Errors: E_NOT_FOUND, E_CONFLICT (it was
 * made in an attach procedure, and its IMSI is the pool's: store_end_onboarding, or
 * store_end_dimsi_subscriber), E_IO. */
MUST_USE enum err store_remove_subscriber(struct store_writer *w, const struct imsi *imsi);
/* On a changed KME the former one is kept as previous. A row without a KME leaves the one that is
 * stored (a list of devices imported again must not undo what they agreed since): to drop a KME,
 * remove the device and add it. row->previous counts only when the device is added.
 * Errors: E_EXISTS, E_NOT_FOUND (no such subscriber, or no such device with UPDATE), E_NO_ROOM
 * (STORE_DEVICES_MAX), E_BAD_LENGTH (no IMEI), E_WRONG_KEY, E_CRYPTO, E_IO. */
MUST_USE enum err store_put_device(struct store_writer *w, enum store_put how,
                                   const struct store_device *row, enum store_did *did);
MUST_USE enum err store_remove_device(struct store_writer *w, const struct imsi *imsi,
                                      const struct imei *imei);
/* Reads inside the batch: sees what the batch wrote. */
MUST_USE enum err store_writer_subscriber(struct store_writer *w, const struct imsi *imsi,
                                          struct store_subscriber *out);
MUST_USE enum err store_writer_devices(struct store_writer *w, const struct imsi *imsi,
                                       struct store_device out[static STORE_DEVICES_MAX],
                                       size_t *n);
MUST_USE enum err store_set_dif(struct store_writer *w, const struct imsi *imsi, int64_t dif);
/* ULR: sets the serving node, the IMEI if it is not NULL, and binding_failures to 0; hands back the
 * serving node before. A repetition changes nothing but `since`. The node is known from then on
 * (store_node.h). An empty host: nobody serves the subscriber any more. Errors: E_NOT_FOUND,
 * E_BAD_LENGTH (a text without its end), E_IO. */
MUST_USE enum err store_set_serving(struct store_writer *w, const struct imsi *imsi,
                                    const struct store_serving *now, const struct imei *imei,
                                    struct store_serving *before);
/* PUR: only if `host` serves the subscriber, in either case of letters (RFC 6733 4.3.1).
 * Errors: E_NOT_FOUND, E_CONFLICT (another host, or none), E_IO. */
MUST_USE enum err store_set_purged(struct store_writer *w, const struct imsi *imsi,
                                   const char *host);
MUST_USE enum err store_set_binding_failures(struct store_writer *w, const struct imsi *imsi,
                                             uint32_t in_a_row);
/* Keeps the newest `keep` events, this one at least. Ids grow and never come again; event->id is
 * not looked at, and texts without an end are cut. Costs no scan: what goes is a range of ids. */
MUST_USE enum err store_add_event(struct store_writer *w, const struct store_event *event,
                                  uint64_t keep);
MUST_USE enum err store_set_mark(struct store_writer *w, uint64_t mark);

/* Reads inside the batch. */
MUST_USE enum err store_writer_proof(struct store_writer *w, const struct imsi *imsi,
                                     struct store_proof *out);
/* Writes the whole of it; nothing remembered and nothing known is no row. Another subscription that
 * remembers the same IMEI forgets it. Errors: E_BAD_LENGTH (a text without its end), E_IO. */
MUST_USE enum err store_put_proof(struct store_writer *w, const struct store_proof *row);
/* Whoever remembers the device forgets it: *whose. Errors: E_NOT_FOUND (nobody does), E_IO. */
MUST_USE enum err store_forget_proof_of(struct store_writer *w, const struct imei *imei,
                                        struct imsi *whose);
/* Errors: E_BAD_LENGTH, E_IO. */
MUST_USE enum err store_set_cursor(struct store_writer *w, const char *repository, uint64_t cursor);

/* Reads inside the batch. */
MUST_USE enum err store_writer_kme(struct store_writer *w, const struct imsi *imsi,
                                   struct store_kme *out);
/* Writes the whole of it, and kme_request of the subscriber; `version` stays. Nothing but zeros is
 * no row. Errors: E_NOT_FOUND (no such subscriber), E_BAD_LENGTH (request_imei is none), E_CRYPTO,
 * E_IO. */
MUST_USE enum err store_put_kme(struct store_writer *w, const struct store_kme *row);
/* The devices of a subscription become exactly these, keys, previous keys, kme_since, kme_lot,
 * kme_used and all; what is the same already is not written. rows[].imsi is not looked at; rows
 * come from store_writer_devices, never from store_read_for_vectors, which leaves out. Errors:
 * E_NOT_FOUND (no such subscriber), E_NO_ROOM, E_BAD_LENGTH (no IMEI, a text without its end),
 * E_EXISTS (one IMEI twice), E_WRONG_KEY (a row that is there does not open), E_CRYPTO, E_IO. */
MUST_USE enum err store_set_devices(struct store_writer *w, const struct imsi *imsi,
                                    const struct store_device *rows, size_t n);
/* A registration under the device's KME: kme_used, and the KME before is dropped. Errors:
 * E_NOT_FOUND (no such device, or it has no KME), E_IO. */
MUST_USE enum err store_kme_was_used(struct store_writer *w, const struct imsi *imsi,
                                     const struct imei *imei, int64_t at);

/* A lot with its key and its ranges, which are disjoint from all others: the caller has seen to it
 * (proc/kme_lot.h). lot->ranges and ranges[].lot are not looked at. Errors: E_EXISTS (the id),
 * E_BAD_LENGTH (also no range, or more than STORE_LOT_RANGES_MAX), E_BAD_VALUE (no range of IMEIs),
 * E_CRYPTO, E_IO (also ranges that begin where one begins that is there). */
MUST_USE enum err store_put_lot(struct store_writer *w, const struct store_lot *lot,
                                const struct store_lot_key *key,
                                const struct store_lot_range *ranges, size_t n);
/* Errors: E_NOT_FOUND, E_IO. */
MUST_USE enum err store_remove_lot(struct store_writer *w, const char *id);

/* Reads inside the batch. */
MUST_USE enum err store_writer_onboarding(struct store_writer *w,
                                          const struct store_onboarding_key *key,
                                          struct store_onboarding *out);
MUST_USE enum err store_writer_onboarding_of(struct store_writer *w, const struct imsi *imsi,
                                             struct store_onboarding *out);
MUST_USE enum err store_writer_count_onboarding(struct store_writer *w, const char *authority,
                                                uint64_t counts[static STORE_ONBOARDING_PHASES]);
/* Writes the whole of it; the subscriber with its IMSI, which is there if it has one, is `pending`
 * from now on or is not, as the phase says, and its `version` stays. Errors: E_CONFLICT (another
 * device has a subscription that is PENDING or ACTIVE for the same IMEI, or has this IMSI),
 * E_NOT_FOUND (no such subscriber), E_BAD_STATE (the row that is there has an IMSI, and this one
 * not the same: end that first), E_BAD_LENGTH (a text without its end, no key, no IMEI),
 * E_BAD_VALUE (a phase that is none or does not go with the IMSI that is or is not there, `again`
 * of one that is not ACTIVE), E_IO. */
MUST_USE enum err store_put_onboarding(struct store_writer *w, const struct store_onboarding *row);
/* Errors: E_NOT_FOUND, E_BAD_STATE (it has an IMSI: end that first), E_IO. */
MUST_USE enum err store_remove_onboarding(struct store_writer *w,
                                          const struct store_onboarding_key *key);
/* The first AKA succeeded: the row that has this IMSI, if it is PENDING, becomes ACTIVE, `again` is
 * over, and the subscriber is not pending any more. Nothing to do is E_OK. Errors: E_IO. */
MUST_USE enum err store_onboarding_used(struct store_writer *w, const struct imsi *imsi,
                                        int64_t at);
/* A subscription ends: the subscriber goes with all that is its, the IMSI rests until `ready`, and
 * the row gets this phase. Errors: E_NOT_FOUND, E_BAD_STATE (it has no IMSI), E_BAD_VALUE (a phase
 * that has one), E_IO. */
MUST_USE enum err store_end_onboarding(struct store_writer *w,
                                       const struct store_onboarding_key *key, uint8_t phase,
                                       int64_t at, int64_t ready);
/* An IMSI from first to last, both of one length: one that rested long enough, the longest first,
 * else the next that nobody ever had. No subscriber has it; the caller gives it to one in the same
 * batch, or it is lost. Ranges of two calls are the same or do not overlap: a range that is not
 * known yet takes the place of those that it overlaps. Costs no scan over the range, but for the
 * first time it is asked for. Errors: E_EXHAUSTED (none is left), E_BAD_VALUE (no range), E_IO. */
MUST_USE enum err store_take_imsi(struct store_writer *w, const struct imsi *first,
                                  const struct imsi *last, int64_t now, struct imsi *out);
/* The same, but nobody can tell which one comes next: one of the 64 that rested longest, else one
 * that `draws` hits among the 65536 ahead, which are mostly a twentieth free in the long run; the
 * next one only where all draws hit one that is taken. What is ahead stays that near, so that the
 * pool can be counted. `draws`: random; all zero, it is store_take_imsi but for what is ahead. */
#define STORE_DRAWS        32u
#define STORE_DRAW_RESTED  64u
#define STORE_DRAW_NEAREST 65536
MUST_USE enum err store_draw_imsi(struct store_writer *w, const struct imsi *first,
                                  const struct imsi *last, int64_t now,
                                  const uint32_t draws[static STORE_DRAWS], struct imsi *out);

/* Adds a rule, or gives it another note. `most`: so many rules there may be. Errors: E_NO_ROOM,
 * E_BAD_VALUE (no range, no list), E_BAD_LENGTH (a note without its end), E_IO. */
MUST_USE enum err store_put_eir_rule(struct store_writer *w, const struct store_eir_rule *row,
                                     uint64_t most, enum store_did *did);
/* row->note is not looked at. Errors: E_NOT_FOUND, E_IO. */
/* The note of a rule in the batch. Errors: E_NOT_FOUND. */
MUST_USE enum err store_writer_eir_note(struct store_writer *w, struct store_eir_rule *rule);
MUST_USE enum err store_remove_eir_rule(struct store_writer *w, const struct store_eir_rule *row);

#endif
