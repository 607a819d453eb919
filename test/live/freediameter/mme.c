/* An MME on libfreediameter against bindery-hssd.
 *
 *     mme CONFIGURATION OPEN BOUND STOLEN
 *
 * CONFIGURATION is freeDiameter's, with the HSS as its one ConnectPeer. The others are files of one
 * line each: 'imsi k opc msisdn imei kme'. Writes "ok - sentence" or "not ok - sentence" lines. */
#include "aka.h"
#include "s6a.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN_IMSI "001019999999999"
#define UP_S         15
#define WATCHDOG_S   20
#define AHEAD        (UINT64_C(1) << 25) /* a million SEQs */

static const uint8_t plmn[3] = {0x00, 0xF1, 0x10}; /* 001-01 */
static const char hss_host[] = "hss.epc.mnc001.mcc001.3gppnetwork.org";
static const char realm[] = "epc.mnc001.mcc001.3gppnetwork.org";

static unsigned failed;

static void check(const char *sentence, bool holds)
{
    printf("%s - %s\n", holds ? "ok" : "not ok", sentence);
    fflush(stdout);
    failed += !holds;
}

/* ---- what the library saw, by its hooks ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool connected, cea_is_success;
    unsigned dwa, dpa;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static bool result_is_success(struct msg *m)
{
    static const uint32_t success = 2001;
    struct avp_hdr *header = NULL;
    struct avp *avp = NULL;
    must(fd_msg_parse_dict(m, fd_g_config->cnf_dict, NULL), "decoding");
    avp = get(m, "Result-Code");
    must(avp == NULL ? 1 : fd_msg_avp_hdr(avp, &header), "Result-Code");
    return header->avp_value != NULL && header->avp_value->u32 == success;
}

static void on_message(enum fd_hook_type type, struct msg *m, struct peer_hdr *peer, void *other,
                       struct fd_hook_permsgdata *pmd, void *data)
{
    struct msg_hdr *header = NULL;
    (void)peer;
    (void)other;
    (void)pmd;
    (void)data;
    if (m == NULL || fd_msg_hdr(m, &header) != 0 || (header->msg_flags & CMD_FLAG_REQUEST) != 0) {
        return;
    }
    pthread_mutex_lock(&seen.lock);
    if (type == HOOK_PEER_CONNECT_SUCCESS) {
        seen.connected = true;
        seen.cea_is_success = header->msg_code == 257 && result_is_success(m);
    } else if (header->msg_code == 280) {
        seen.dwa++;
    } else if (header->msg_code == 282) {
        seen.dpa++;
    }
    pthread_cond_broadcast(&seen.changed);
    pthread_mutex_unlock(&seen.lock);
}

/* The hook tells of the CEA a moment before libfdcore routes to the peer. */
static bool is_open(void)
{
    char id[] = "hss.epc.mnc001.mcc001.3gppnetwork.org";
    struct peer_hdr *peer = NULL;
    return seen.connected && fd_peer_getbyid(id, sizeof id - 1, 1, &peer) == 0 && peer != NULL &&
           fd_peer_get_state(peer) == STATE_OPEN;
}
static bool has_dwa(void)
{
    return seen.dwa > 0;
}
static bool has_dpa(void)
{
    return seen.dpa > 0;
}

static bool wait_until(bool (*holds)(void), unsigned seconds)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&seen.lock);
    while (!holds() && rc == 0) {
        rc = pthread_cond_timedwait(&seen.changed, &seen.lock, &until);
    }
    bool result = holds();
    pthread_mutex_unlock(&seen.lock);
    return result;
}

/* ---- answers ---- */

static bool from_hss(struct msg *answer)
{
    return answer != NULL && text_is(answer, "Origin-Host", hss_host) &&
           text_is(answer, "Origin-Realm", realm) && u32_is(answer, "Auth-Session-State", 1) &&
           get(answer, "Session-Id") != NULL && get(answer, "Failed-AVP") == NULL;
}

static bool success(struct msg *answer)
{
    return from_hss(answer) && u32_is(answer, "Result-Code", 2001) &&
           get(answer, "Experimental-Result") == NULL;
}

/* A 3GPP code sits in Experimental-Result under vendor 10415, and there is no Result-Code. */
static bool refused(struct msg *answer, uint32_t code)
{
    struct avp *result = answer != NULL ? get(answer, "Experimental-Result") : NULL;
    return from_hss(answer) && get(answer, "Result-Code") == NULL && result != NULL &&
           u32_is(result, "Vendor-Id", 10415) && u32_is(result, "Experimental-Result-Code", code);
}

static bool done(struct msg *answer, bool holds)
{
    if (answer != NULL) {
        fd_msg_free(answer);
    }
    return holds;
}

/* ---- authentication ---- */

static struct msg *air(const char *imsi, uint32_t vectors, const uint8_t *resync)
{
    struct msg *m = s6a_request(S6A_AIR, imsi, hss_host, realm);
    struct avp *wanted = put_group(m, "Requested-EUTRAN-Authentication-Info");
    put_u32(wanted, "Number-Of-Requested-Vectors", vectors);
    if (resync != NULL) {
        put_octets(wanted, "Re-Synchronization-Info", resync, 30);
    }
    put_octets(m, "Visited-PLMN-Id", plmn, sizeof plmn);
    return s6a_ask(m);
}

static bool read_vector(struct avp *from, struct vector *v)
{
    return octets_of(from, "RAND", v->rand, sizeof v->rand) &&
           octets_of(from, "AUTN", v->autn, sizeof v->autn) &&
           octets_of(from, "XRES", v->xres, sizeof v->xres) &&
           octets_of(from, "KASME", v->kasme, sizeof v->kasme);
}

/* Each vector is right, and its SQN above the one before; *sqn goes along. */
static bool vectors_hold(const struct sim *sim, struct msg *answer, unsigned n, uint64_t *sqn,
                         struct vector *last)
{
    struct avp *info = answer != NULL ? get(answer, "Authentication-Info") : NULL;
    bool holds = success(answer) && count_of(info, "E-UTRAN-Vector") == n;
    for (unsigned i = 0; holds && i < n; i++) {
        uint64_t before = *sqn;
        const char *why = NULL;
        struct avp *one = get_nth(info, "E-UTRAN-Vector", i);
        holds = read_vector(one, last) && (n == 1 || u32_is(one, "Item-Number", i + 1)) &&
                aka_vector_holds(sim, plmn, last, sqn, &why);
        if (why != NULL || (holds && *sqn <= before)) {
            printf("# vector %u: %s is wrong\n", i + 1, why != NULL ? why : "SQN");
            holds = false;
        }
    }
    return holds;
}

static bool authenticates(const struct sim *sim, unsigned n, uint64_t *sqn)
{
    struct vector v;
    struct msg *answer = air(sim->imsi, n, NULL);
    return done(answer, vectors_hold(sim, answer, n, sqn, &v));
}

static bool resynchronises(const struct sim *sim, uint64_t *sqn)
{
    struct vector v;
    uint8_t info[30];
    struct msg *first = air(sim->imsi, 1, NULL);
    if (!done(first, vectors_hold(sim, first, 1, sqn, &v))) {
        return false;
    }
    uint64_t sqn_ms = *sqn + AHEAD;
    aka_resync(sim, v.rand, sqn_ms, info);
    struct msg *second = air(sim->imsi, 1, info);
    bool holds = done(second, vectors_hold(sim, second, 1, sqn, &v));
    if (holds && *sqn >> 5 <= sqn_ms >> 5) {
        printf("# the SQN afterwards is not above the USIM's\n");
        holds = false;
    }
    return holds && authenticates(sim, 1, sqn);
}

/*= test binding-2 binding-5a binding-resync */
static void authentication(const struct sim *open, const struct sim *bound)
{
    uint64_t open_sqn = 0, bound_sqn = 0;
    check("AIR for one vector of an open SIM: AMF, MAC-A, XRES and KASME hold",
          authenticates(open, 1, &open_sqn));
    check("AIR for five vectors of an open SIM: each holds, SQN rises",
          authenticates(open, 5, &open_sqn));
    check("AIR for one vector of a bound SIM: RAND is encrypted under KME",
          authenticates(bound, 1, &bound_sqn));
    check("AIR for five vectors of a bound SIM", authenticates(bound, 5, &bound_sqn));
    check("resynchronisation after a regular vector", resynchronises(open, &open_sqn));
    check("resynchronisation after a processed vector", resynchronises(bound, &bound_sqn));
}

/* ---- location ---- */

static bool ambr_is(struct avp *parent, uint32_t up, uint32_t down)
{
    struct avp *ambr = get(parent, "AMBR");
    return u32_is(ambr, "Max-Requested-Bandwidth-UL", up) &&
           u32_is(ambr, "Max-Requested-Bandwidth-DL", down);
}

struct apn {
    uint32_t context, pdn_type, qci, priority, capability, vulnerability, up, down;
    const char *name;
};

static bool apn_is(struct avp *got, const struct apn *a)
{
    struct avp *qos = get(got, "EPS-Subscribed-QoS-Profile");
    struct avp *arp = get(qos, "Allocation-Retention-Priority");
    return u32_is(got, "Context-Identifier", a->context) && u32_is(got, "PDN-Type", a->pdn_type) &&
           text_is(got, "Service-Selection", a->name) && ambr_is(got, a->up, a->down) &&
           u32_is(qos, "QoS-Class-Identifier", a->qci) &&
           u32_is(arp, "Priority-Level", a->priority) &&
           u32_is(arp, "Pre-emption-Capability", a->capability) &&
           u32_is(arp, "Pre-emption-Vulnerability", a->vulnerability);
}

/* Of the profile in lib/common.sh. */
static bool apns_are(struct avp *profile)
{
    static const struct apn internet = {1, 2, 9, 8, 1, 0, 40000000, 100000000, "internet"};
    static const struct apn ims = {2, 1, 5, 1, 0, 1, 1000000, 2000000, "ims"};
    return u32_is(profile, "Context-Identifier", 1) &&
           u32_is(profile, "All-APN-Configurations-Included-Indicator", 0) &&
           count_of(profile, "APN-Configuration") == 2 &&
           apn_is(get_nth(profile, "APN-Configuration", 0), &internet) &&
           apn_is(get_nth(profile, "APN-Configuration", 1), &ims);
}

static size_t tbcd(const char *digits, uint8_t out[8])
{
    size_t n = strlen(digits);
    for (size_t i = 0; i < n; i += 2) {
        uint8_t high = i + 1 < n ? (uint8_t)(digits[i + 1] - '0') : 0xF;
        out[i / 2] = (uint8_t)(high << 4 | (digits[i] - '0'));
    }
    return (n + 1) / 2;
}

static bool subscription_is(struct msg *answer, const struct sim *sim)
{
    uint8_t msisdn[8];
    size_t n = tbcd(sim->msisdn, msisdn);
    struct avp *data = answer != NULL ? get(answer, "Subscription-Data") : NULL;
    return success(answer) && u32_is(answer, "ULA-Flags", 1) &&
           u32_is(data, "Subscriber-Status", 0) && u32_is(data, "Network-Access-Mode", 2) &&
           u32_is(data, "Access-Restriction-Data", 43) &&
           u32_is(data, "Subscribed-Periodic-RAU-TAU-Timer", 4321) &&
           octets_are(data, "MSISDN", msisdn, n) && ambr_is(data, 50000000, 150000000) &&
           apns_are(get(data, "APN-Configuration-Profile"));
}

static struct msg *ulr(const char *imsi)
{
    struct msg *m = s6a_request(S6A_ULR, imsi, hss_host, realm);
    struct avp *terminal = put_group(m, "Terminal-Information");
    put_text(terminal, "IMEI", "35693803564380");
    put_text(terminal, "Software-Version", "01");
    put_u32(m, "RAT-Type", 1004);
    put_u32(m, "ULR-Flags", 0x22); /* S6a, initial attach */
    put_octets(m, "Visited-PLMN-Id", plmn, sizeof plmn);
    return s6a_ask(m);
}

static struct msg *pur(const char *imsi)
{
    struct msg *m = s6a_request(S6A_PUR, imsi, hss_host, realm);
    put_u32(m, "PUR-Flags", 1);
    return s6a_ask(m);
}

static struct msg *nor(const char *imsi, uint32_t failures)
{
    struct msg *m = s6a_request(S6A_NOR, imsi, hss_host, realm);
    if (failures > 0) {
        struct avp *failure = put_group(m, "Binding-Failure");
        put_text(failure, "IMEI", "35693803564398");
        put_u32(failure, "Binding-Failure-Count", failures);
        put_u32(failure, "Binding-Failure-Cause", 0);
    }
    return s6a_ask(m);
}

static void location(const struct sim *open)
{
    struct msg *ula = ulr(open->imsi);
    check("ULR: ULA-Flags, and every field of the subscription data by name and value",
          done(ula, subscription_is(ula, open)));
    struct msg *noa = nor(open->imsi, 0);
    check("NOR of the MME that serves: 2001", done(noa, success(noa)));
    struct msg *pua = pur(open->imsi);
    check("PUR: 2001, M-TMSI to be frozen", done(pua, success(pua) && u32_is(pua, "PUA-Flags", 1)));
}

/*= test binding-theft */
static void theft(const struct sim *stolen)
{
    uint64_t sqn = 0;
    check("AIR for the stolen SIM", authenticates(stolen, 1, &sqn));
    struct msg *noa = nor(stolen->imsi, 3);
    check("NOR with Binding-Failure: 2001", done(noa, success(noa)));
}

static void unknown_user(void)
{
    struct msg *answers[] = {air(UNKNOWN_IMSI, 1, NULL), ulr(UNKNOWN_IMSI), pur(UNKNOWN_IMSI),
                             nor(UNKNOWN_IMSI, 0)};
    static const char *const sentences[] = {
        "AIR for an unknown user: Experimental-Result 5001 under 10415",
        "ULR for an unknown user: 5001", "PUR for an unknown user: 5001",
        "NOR for an unknown user: 5001"};
    for (size_t i = 0; i < 4; i++) {
        check(sentences[i], done(answers[i], refused(answers[i], 5001)));
    }
}

/* ---- the run ---- */

static bool hex_read(const char *hex, uint8_t out[16])
{
    bool good = strlen(hex) == 32;
    for (size_t i = 0; good && i < 16; i++) {
        good = sscanf(hex + 2 * i, "%2hhx", &out[i]) == 1;
    }
    return good;
}

static void sim_read(const char *path, struct sim *out)
{
    char k[33], opc[33], kme[33];
    FILE *f = fopen(path, "re");
    bool good = f != NULL && fscanf(f, "%15s %32s %32s %15s %15s %32s", out->imsi, k, opc,
                                    out->msisdn, out->imei, kme) == 6;
    out->bound = strcmp(kme, "-") != 0;
    good = good && hex_read(k, out->k) && hex_read(opc, out->opc) &&
           (!out->bound || hex_read(kme, out->kme));
    must(good ? 0 : 1, path);
    fclose(f);
}

/* Standard output is for the test lines. */
__attribute__((format(printf, 2, 0))) static void log_line(int level, const char *format,
                                                           va_list args)
{
    (void)level;
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
}

static void start(const char *configuration)
{
    struct fd_hook_hdl *hook = NULL;
    must(fd_log_handler_register(log_line), "log");
    fd_g_debug_lvl = FD_LOG_ERROR;
    must(fd_core_initialize(), "initialising");
    must(fd_core_parseconf(configuration), configuration);
    must(fd_hook_register(HOOK_MASK(HOOK_MESSAGE_RECEIVED, HOOK_PEER_CONNECT_SUCCESS), on_message,
                          NULL, NULL, &hook),
         "hook");
    s6a_dictionary();
    must(fd_core_start(), "starting");
    must(fd_core_waitstartcomplete(), "starting");
}

static void stop(void)
{
    must(fd_core_shutdown(), "stopping");
    check("DPR: the HSS answers it", wait_until(has_dpa, UP_S));
    must(fd_core_wait_shutdown_complete(), "stopping");
}

int main(int argc, char **argv)
{
    struct sim open = {0}, bound = {0}, stolen = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: mme CONFIGURATION OPEN BOUND STOLEN\n");
        return 2;
    }
    sim_read(argv[2], &open);
    sim_read(argv[3], &bound);
    sim_read(argv[4], &stolen);
    check("this MME's own Milenage gives the values of TS 35.208", aka_self_test());
    start(argv[1]);
    bool up = wait_until(is_open, UP_S);
    check("CER and CEA: the HSS accepts the peer with 2001", up && seen.cea_is_success);
    if (up) {
        authentication(&open, &bound);
        location(&open);
        theft(&stolen);
        unknown_user();
        check("DWR: the HSS answers the watchdog of an idle peer", wait_until(has_dwa, WATCHDOG_S));
    }
    stop();
    return failed == 0 ? 0 : 1;
}
