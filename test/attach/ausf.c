#include "attach/ausf.h"

#include "attach/world_parts.h"

#include <stdio.h>
#include <string.h>

#define JOB     0x80000000u /* in the number of a job: it is no KME's */
#define NOBODY  WORLD_CONTEXTS
#define SITE_MS 2000 /* until the site's answer is no longer waited for */
#define ANSWERS 64

void ausf_open(struct ausf *a, struct home *home)
{
    *a = (struct ausf){.w = home->w,
                       .home = home,
                       .by_rule = true,
                       .policy = BINDING_OPEN,
                       .answer_seconds = 120,
                       .pool = 100};
    home->ausf = a;
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct ausf_row *ausf_row(struct ausf *a, const struct device_id *id)
{
    for (unsigned i = 0; i < AUSF_ROWS; i++) {
        if (a->rows[i].id.n > 0 && device_id_eq(&a->rows[i].id, id)) {
            return &a->rows[i];
        }
    }
    return NULL;
}

static bool has_subscription(const struct ausf_row *row)
{
    return row->held.phase == CERTATTACH_PHASE_PENDING ||
           row->held.phase == CERTATTACH_PHASE_ACTIVE;
}

static struct ausf_row *row_of_imsi(struct ausf *a, const struct imsi *imsi)
{
    for (unsigned i = 0; i < AUSF_ROWS; i++) {
        if (has_subscription(&a->rows[i]) && imsi_eq(&a->rows[i].imsi, imsi)) {
            return &a->rows[i];
        }
    }
    return NULL;
}

unsigned ausf_subscriptions(const struct ausf *a)
{
    unsigned n = 0;
    for (unsigned i = 0; i < AUSF_ROWS; i++) {
        n += has_subscription(&a->rows[i]);
    }
    return n;
}

void ausf_expire(struct ausf *a, struct ausf_row *row)
{
    struct home_subscriber *s = home_find(a->home, &row->imsi);
    assert_non_null(s);
    wipe(s, sizeof *s);
    row->held.phase = CERTATTACH_PHASE_EXPIRED;
}

enum refusal ausf_admits(const struct ausf *a, const struct imsi *imsi, const struct imei *imei)
{
    for (unsigned i = 0; i < AUSF_ROWS; i++) {
        const struct ausf_row *row = &a->rows[i];
        if (row->held.phase == CERTATTACH_PHASE_PENDING && imsi_eq(&row->imsi, imsi) &&
            !imei_eq(&row->imei, imei)) {
            return REFUSAL_SUBSCRIPTION_PENDING;
        }
    }
    return REFUSAL_NONE;
}

void ausf_used(struct ausf *a, const struct imsi *imsi)
{
    struct ausf_row *row = row_of_imsi(a, imsi);
    if (row != NULL) {
        row->held.phase = CERTATTACH_PHASE_ACTIVE;
        row->held.again = false;
    }
}

/* ---- answers --------------------------------------------------------------------------------- */

static void answer(struct ausf *a, const struct ausf_job *j, struct emm_eca with)
{
    static struct emm_eca answers[ANSWERS];
    static uint8_t octets[ANSWERS][WIRE_CERTATTACH_RESULT_MAX];
    struct emm_eca *eca = &answers[j->serial % ANSWERS];
    struct mail m = {.kind = MAIL_HSS, .connection = j->context, .serial = j->serial};
    *eca = with;
    if (with.result.p != NULL) {
        memcpy(octets[j->serial % ANSWERS], with.result.p, with.result.n);
        eca->result.p = octets[j->serial % ANSWERS];
    }
    m.event.kind = EMM_ECA;
    m.event.eca = eca;
    if (j->context < NOBODY) {
        (void)world_send(a->w, PARTY_HSS, "ECA", m, 10);
    }
}

static void refuse(struct ausf *a, struct ausf_job *j, enum certattach_cause why)
{
    a->refused++;
    a->last = why;
    answer(a, j, (struct emm_eca){.code = refusal_row(REFUSAL_ONBOARDING_REFUSED)->code});
    wipe(j, sizeof *j);
}

/* ---- step 3: a subscription, and its protection ---------------------------------------------- */

static const char *const apns[] = {"internet"};

static void profile_of(const struct ausf *a, const struct home_subscriber *s,
                       struct certattach_profile *out)
{
    *out = (struct certattach_profile){
        .imsi = s->imsi, .keys = s->keys, .home = s->plmn, .policy = a->policy, .n_apns = 1};
    memcpy(out->apns[0], apns[0], strlen(apns[0]));
}

static void protect(struct ausf *a, struct ausf_job *j, const struct ausf_row *row,
                    const struct certattach_request *request, struct bytes certificate)
{
    static uint8_t room[CERTATTACH_BOX_MAX + CERTATTACH_SIGNATURE_LEN];
    struct certattach_profile profile;
    struct certattach_about about = {.id = row->id, .plmn = j->plmn};
    struct certattach_result result = {.certificates = a->chain};
    struct bytes value;
    int64_t expiry = home_time(a->home) + a->answer_seconds;
    memcpy(about.nonce, request->nonce, sizeof about.nonce);
    memcpy(about.nonce_1, row->nonce_1, sizeof about.nonce_1);
    profile_of(a, home_find(a->home, &row->imsi), &profile);
    if (a->meddle != NULL) {
        a->meddle(a->meddle_ctx, &about, &profile, &expiry);
    }
    assert_ok(certattach_ausf_protect(&a->w->c, a->operator_port, certificate, &about, &profile,
                                      expiry, MBYTES_OF(room), &result));
    assert_ok(wire_certattach_result_write(&result, MBYTES_OF(a->result), &value));
    a->result_n = value.n;
    a->last = CERTATTACH_NONE;
    answer(a, j, (struct emm_eca){.code = 2001, .result = value});
    wipe(&profile, sizeof profile);
    wipe(room, sizeof room);
    wipe(j, sizeof *j);
}

static struct home_subscriber *free_subscriber(struct home *h)
{
    for (unsigned i = 0; i < HOME_SUBSCRIBERS; i++) {
        if (h->subscribers[i].imsi.n == 0) {
            return &h->subscribers[i];
        }
    }
    fail_msg("too many subscribers");
    return NULL;
}

static struct ausf_row *row_for(struct ausf *a, const struct device_id *id)
{
    static const struct device_id none;
    struct ausf_row *row = ausf_row(a, id);
    for (unsigned i = 0; row == NULL && i < AUSF_ROWS; i++) {
        row = device_id_eq(&a->rows[i].id, &none) ? &a->rows[i] : NULL;
    }
    assert_non_null(row);
    return row;
}

/* Subscriber and row in one stroke, as a store's transaction has it. NULL: it was killed. */
static struct ausf_row *draw(struct ausf *a, const struct ausf_job *j,
                             const struct device_record *record)
{
    char digits[16];
    struct ausf_row row = {.id = record->id, .imei = j->imei};
    struct home_subscriber s = {
        .plmn = a->w->config.plmn,
        .keys = {.algorithm = AKA_MILENAGE, .k = {.n = 16}, .opc = {.n = 16}, .res_len = 8}};
    snprintf(digits, sizeof digits, "0010100005%05u", a->given);
    assert_ok(imsi_parse(bytes_of_str(digits), &s.imsi));
    assert_ok(certattach_ausf_draw(&a->w->c, &record->id, &s.plmn, &s.keys, row.nonce_1));
    row.imsi = s.imsi;
    row.held.phase = CERTATTACH_PHASE_PENDING;
    memcpy(row.held.digest, record->digest, sizeof row.held.digest);
    s.view.policy = (enum binding_policy)a->policy;
    s.view.n_devices = 1;
    s.view.devices[0] = (struct binding_device){.imei = j->imei};
    if (!world_stores(a->w, PARTY_HSS, "AUSF stores the subscription")) {
        return NULL;
    }
    struct ausf_row *kept = row_for(a, &record->id);
    *kept = row;
    *free_subscriber(a->home) = s;
    a->given++;
    a->drawn++;
    wipe(&s, sizeof s);
    world_stored(a->w);
    return a->w->dead[PARTY_HSS] ? NULL : kept;
}

static void wait_for_approval(struct ausf *a, struct ausf_job *j,
                              const struct device_record *record)
{
    if (world_stores(a->w, PARTY_HSS, "AUSF stores that it waits")) {
        *row_for(a, &record->id) = (struct ausf_row){
            .id = record->id, .imei = j->imei, .held.phase = CERTATTACH_PHASE_WAITING};
        world_stored(a->w);
    }
    if (!a->w->dead[PARTY_HSS]) {
        refuse(a, j, CERTATTACH_WAITING);
    }
}

/* ---- step 2: who is it ----------------------------------------------------------------------- */

static void judged(struct ausf *a, struct ausf_job *j, const struct certattach_request *request,
                   const struct certattach_context *context, const struct device_record *record)
{
    static const struct certattach_held nothing = {.phase = CERTATTACH_PHASE_NEW};
    enum certattach_cause why;
    const struct ausf_row *row = ausf_row(a, &record->id);
    enum certattach_decision what =
        certattach_ausf_decide(row != NULL ? &row->held : &nothing, record, a->by_rule, &why);
    switch (what) {
    case CERTATTACH_REFUSE:
        refuse(a, j, why);
        return;
    case CERTATTACH_WAIT:
        wait_for_approval(a, j, record);
        return;
    case CERTATTACH_DRAW:
        if (a->given == a->pool) {
            refuse(a, j, CERTATTACH_POOL_EMPTY);
            return;
        }
        row = draw(a, j, record);
        break;
    case CERTATTACH_REPEAT:
        a->repeated++;
        break;
    }
    if (row != NULL) {
        protect(a, j, row, request, context->chain[0]);
    }
}

/* False: it was refused. */
static bool read_request(struct ausf *a, struct ausf_job *j, struct certattach_request *request,
                         struct certattach_url *url)
{
    enum certattach_cause why = CERTATTACH_NONE;
    if (wire_certattach_request_read((struct bytes){j->container, j->n}, request) != E_OK) {
        why = CERTATTACH_UNREADABLE;
    } else if (certattach_url_parse(request->url, url) != E_OK) {
        why = CERTATTACH_URL;
    } else if (strcmp(url->host, a->host) != 0) {
        why = CERTATTACH_AUTHORITY;
    }
    if (why != CERTATTACH_NONE) {
        refuse(a, j, why);
    }
    return why == CERTATTACH_NONE;
}

/* The site has answered. */
static void verify(struct ausf *a, struct ausf_job *j)
{
    struct certattach_request request;
    struct certattach_url url;
    struct device_record record;
    if (!read_request(a, j, &request, &url)) {
        return;
    }
    const struct certattach_context *context = a->site(a->site_ctx, &url.id);
    if (context == NULL) {
        refuse(a, j, CERTATTACH_DEVICE_UNKNOWN);
        return;
    }
    const struct certattach_arrived arrived = {.request = &request,
                                               .id = url.id,
                                               .imei = j->imei,
                                               .plmn = j->plmn,
                                               .at = home_time(a->home)};
    enum certattach_cause why =
        certattach_ausf_verify(&a->w->c, a->authority, &arrived, context, &record);
    if (why != CERTATTACH_NONE) {
        refuse(a, j, why);
    } else {
        judged(a, j, &request, context, &record);
    }
}

/* ---- requests -------------------------------------------------------------------------------- */

static struct ausf_job *job_of(struct ausf *a, uint32_t number)
{
    for (unsigned i = 0; i < AUSF_JOBS; i++) {
        if (a->jobs[i].number == number) {
            return &a->jobs[i];
        }
    }
    return NULL;
}

static void begin(struct ausf *a, const struct ausf_job *asked, struct bytes container)
{
    struct certattach_request request;
    struct certattach_url url;
    struct ausf_job *j = job_of(a, 0);
    assert_non_null(j);
    assert_true(container.n <= sizeof j->container);
    *j = *asked;
    j->number = JOB | ++a->next_job;
    j->n = container.n;
    memcpy(j->container, container.p, container.n);
    a->asked++;
    a->seen_n = container.n;
    memcpy(a->seen, container.p, container.n);
    struct mail inquiry = {.kind = MAIL_INQUIRY, .connection = j->number};
    struct mail late = {.kind = MAIL_WORK, .connection = j->number};
    if (read_request(a, j, &request, &url) &&
        world_send(a->w, PARTY_HSS, "site's question", inquiry, 5)) {
        world_post(a->w, late, SITE_MS);
    }
}

void ausf_asked(struct ausf *a, const struct mail *m)
{
    const struct plmn *plmn =
        a->serves_as != NULL ? a->serves_as : &world_network(a->w, m->connection)->plmn;
    const struct ausf_job j = {.context = m->connection,
                               .serial = m->serial,
                               .imei = m->effect.who.imei.imei,
                               .plmn = *plmn};
    begin(a, &j, (struct bytes){m->pdu, m->n});
}

void ausf_ask(struct ausf *a, const struct imei *imei, const struct plmn *serving,
              struct bytes container)
{
    const struct ausf_job j = {.context = NOBODY, .imei = *imei, .plmn = *serving};
    a->result_n = 0;
    begin(a, &j, container);
}

bool ausf_owns(uint32_t job)
{
    return (job & JOB) != 0;
}

void ausf_goes_on(struct ausf *a, const struct mail *m)
{
    struct ausf_job *j = job_of(a, m->connection);
    if (j == NULL) {
        return;
    }
    if (m->kind == MAIL_CREDENTIAL) {
        verify(a, j);
    } else {
        refuse(a, j, CERTATTACH_SITE_SILENT);
    }
}

void ausf_killed(struct ausf *a)
{
    wipe(a->jobs, sizeof a->jobs);
}
