/* A UE talks to an MME over a line that loses, repeats, reorders and changes messages. Each command
 * is one octet. Whatever the line does, a message that was changed is refused, no COUNT is accepted
 * twice, and what is refused leaves the context as it was. Before that, the octets are tried as a
 * message, as a SECURITY MODE COMMAND, as a SERVICE REQUEST and as an image of a context. */
#include "codec/nas_codes.h"
#include "crypto/openssl.h"
#include "nassec/nassec.h"

#include <stdlib.h>
#include <string.h>

enum { SENT_MAX = 64, MESSAGE = 12, PDU = MESSAGE + 6, COMMANDS_MAX = 80, COUNT_MAX = 2048 };

struct rig {
    struct crypto crypto;
    struct nas_security ue;
    struct nas_security mme;
    uint8_t pdu[SENT_MAX][PDU]; /* the last ones sent */
    uint32_t sent;
    uint8_t accepted[COUNT_MAX];
};

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void begin(struct rig *r, uint8_t how)
{
    struct nassec_agreement a = {.side = NASSEC_UE,
                                 .ksi = 2,
                                 .eea = (enum nas_eea)(how & 3),
                                 .eia = (enum nas_eia)((how >> 2) % 3 + 1),
                                 .kasme = {{7}}};
    check(nassec_establish(&r->crypto, &a, &r->ue) == E_OK);
    a.side = NASSEC_MME;
    check(nassec_establish(&r->crypto, &a, &r->mme) == E_OK);
    r->sent = 0;
    memset(r->accepted, 0, sizeof r->accepted);
}

static void send(struct rig *r)
{
    uint8_t plain[MESSAGE] = {NAS_PD_EMM, NAS_EMM_INFORMATION};
    size_t n;
    memset(plain + 2, (int)(r->sent & 0xff), sizeof plain - 2);
    check(nassec_protect(&r->crypto, &r->ue, NAS_SHT_CIPHERED, BYTES_OF(plain),
                         MBYTES_OF(r->pdu[r->sent % SENT_MAX]), &n) == E_OK);
    check(n == PDU);
    r->sent++;
}

/* Refused without a trace, or accepted for the first time. */
static bool deliver(struct rig *r, struct bytes pdu)
{
    const struct nas_security before = r->mme;
    struct nassec_received got;
    uint8_t *out = malloc(pdu.n + 1);
    const enum err err =
        nassec_unprotect(&r->crypto, &r->mme, pdu, (struct mbytes){out, pdu.n}, &got);
    free(out);
    if (err != E_OK) {
        check(memcmp(&r->mme, &before, sizeof before) == 0);
        return false;
    }
    check(got.n == pdu.n - NASSEC_OVERHEAD && got.count < r->sent && got.count < COUNT_MAX);
    check(r->accepted[got.count] == 0);
    r->accepted[got.count] = 1;
    return true;
}

/* One of the last ones sent, changed or not. */
static void deliver_sent(struct rig *r, uint8_t which, bool changed)
{
    uint8_t pdu[PDU];
    if (r->sent == 0) {
        return;
    }
    const uint32_t back = which % (r->sent < SENT_MAX ? r->sent : SENT_MAX);
    memcpy(pdu, r->pdu[(r->sent - 1 - back) % SENT_MAX], sizeof pdu);
    if (changed) { /* the first octet is under no MAC */
        pdu[1 + which % (PDU - 1)] ^= (uint8_t)(1u << which % 8);
    }
    const uint32_t count = r->sent - 1 - back;
    const uint32_t next = r->mme.receive_next;
    const bool late = count + NASSEC_WINDOW < next;
    const bool lost_track = count > next + 255;
    const bool taken = deliver(r, BYTES_OF(pdu));
    check(!(changed && taken));
    check(changed || r->accepted[count] == 1 || late || lost_track);
}

static void act(struct rig *r, uint8_t command)
{
    switch (command >> 6) {
    case 0:
        for (unsigned i = 0; i <= (command & 63u) && r->sent < COUNT_MAX; i++) {
            send(r);
        }
        break;
    case 1:
        deliver_sent(r, command & 63, true);
        break;
    default:
        deliver_sent(r, command & 63, false);
        break;
    }
}

/* What comes from outside has no valid MAC; nothing of it may be read past its end. */
static void try_as_input(struct rig *r, struct bytes in)
{
    struct bytes inner;
    struct nas_security fresh;
    uint32_t count;
    const struct nas_security before = r->mme;
    (void)!nassec_peek(in, &inner);
    (void)!nassec_accept_smc(&r->crypto, &r->ue.agreed, in, &fresh);
    (void)!nassec_check_service_request(&r->crypto, &r->mme, in, &count);
    r->mme = before;
    if (nassec_image_read(&r->crypto, in, &fresh) == E_OK) {
        uint8_t again[NASSEC_IMAGE_LEN];
        check(nassec_image_write(&fresh, MBYTES_OF(again)) == E_OK);
        check(memcmp(again, in.p, sizeof again) == 0);
    }
    if (r->sent == 0 && in.n > 0) {
        struct nassec_received got;
        uint8_t *out = malloc(in.n);
        (void)!nassec_unprotect(&r->crypto, &r->mme, in, (struct mbytes){out, in.n}, &got);
        free(out);
        r->mme = before;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig r;
    if (r.crypto.ctx == NULL && crypto_openssl_open(&r.crypto) != E_OK) {
        abort();
    }
    begin(&r, size > 0 ? data[0] : 0);
    try_as_input(&r, (struct bytes){data, size});
    for (size_t i = 1; i < size && i < COMMANDS_MAX; i++) {
        act(&r, data[i]);
    }
    return 0;
}
