/* test/mmed/assoc_stub.h - net/assoc.h without a network, for the fuzz target of S1: the target
 * says who comes up, goes down and sends; what the MME sends is checked here. Included by one
 * program, whose definitions take the place of the library's.
 */
#ifndef BINDERY_TEST_MMED_ASSOC_STUB_H
#define BINDERY_TEST_MMED_ASSOC_STUB_H

#include "mmed/emm_rig.h"

#include "codec/s1ap.h"
#include "nf/mmed/mmed.h"

enum { ENBS = 3 };

/* ---- associations ------------------------------------------------------------------------------
 */

struct assoc {
    bool up, dying;
    void *ctx;
    assoc_handle handle;
};
static struct assoc assocs[ENBS];
static const struct assoc_callbacks *callbacks;
static void *callbacks_ctx;
static assoc_handle next_handle;
static struct address nowhere;
static struct mmed *mme;

struct assoc_config assoc_config_default(void)
{
    return (struct assoc_config){.streams = 4};
}

enum err assoc_set_open(const struct assoc_config *config, struct assoc_set **out)
{
    static int set;
    callbacks = config->callbacks;
    callbacks_ctx = config->ctx;
    *out = (struct assoc_set *)(void *)&set;
    return E_OK;
}

void assoc_set_close(struct assoc_set *s)
{
    (void)s;
    memset(assocs, 0, sizeof assocs);
}

enum err assoc_listen(struct assoc_set *s, const struct address *at, struct address *bound)
{
    (void)s;
    *bound = *at;
    return E_OK;
}

int assoc_fd(const struct assoc_set *s)
{
    (void)s;
    return -1;
}

int assoc_wait_ms(const struct assoc_set *s)
{
    (void)s;
    return -1;
}

enum err assoc_poll(struct assoc_set *s, int timeout_ms)
{
    (void)s;
    (void)timeout_ms;
    return E_OK;
}

struct assoc *assoc_find(struct assoc_set *s, assoc_handle h)
{
    (void)s;
    for (unsigned i = 0; i < ENBS; i++) {
        if (assocs[i].up && assocs[i].handle == h) {
            return &assocs[i];
        }
    }
    return NULL;
}

assoc_handle assoc_handle_of(const struct assoc *a)
{
    return a->handle;
}

void *assoc_ctx(const struct assoc *a)
{
    return a->ctx;
}

void assoc_set_ctx(struct assoc *a, void *ctx)
{
    a->ctx = ctx;
}

const struct address *assoc_peer(const struct assoc *a)
{
    (void)a;
    return &nowhere;
}

const struct address *assoc_local(const struct assoc *a)
{
    (void)a;
    return &nowhere;
}

void assoc_streams(const struct assoc *a, uint16_t *in, uint16_t *out)
{
    (void)a;
    *in = *out = 4;
}

void assoc_abort(struct assoc *a)
{
    a->dying = true;
}

const char *assoc_cause_name(enum assoc_cause c)
{
    (void)c;
    return "lost";
}

/* The eNB whose connection a message is about, by the id that the MME gave. */
static void check_owner(const struct assoc *a, uint32_t mme_id)
{
    const struct ue *ue = ue_table_find(mme->ues, mme_id);
    must(ue == NULL || ue->enb == a->handle);
}

enum err assoc_send(struct assoc *a, const struct assoc_message *msg)
{
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    must(a->up && msg->ppid == ASSOC_PPID_S1AP && msg->stream < 4);
    must(s1ap_parse(msg->octets, &pdu, &fault) == E_OK && fault.kind == S1AP_FAULT_NONE);
    if (pdu.type == S1AP_DOWNLINK_NAS_TRANSPORT) {
        check_owner(a, pdu.u.downlink_nas_transport.mme_ue_s1ap_id);
    } else if (pdu.type == S1AP_INITIAL_CONTEXT_SETUP_REQUEST) {
        uint32_t id = pdu.u.initial_context_setup_request.mme_ue_s1ap_id;
        check_owner(a, id);
        must(ue_table_find(mme->ues, id) != NULL);
    } else if (pdu.type == S1AP_UE_CONTEXT_RELEASE_COMMAND) {
        check_owner(a, pdu.u.ue_context_release_command.ue_ids.mme_ue_s1ap_id);
    }
    return a->dying ? E_CLOSED : E_OK;
}

#endif
