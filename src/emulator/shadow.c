#include "emulator/shadow.h"

#include "codec/nas.h"
#include "device/image.h"
#include <string.h>

void shadow_wipe(struct shadow *s)
{
    wipe(s, sizeof *s);
}

/* The image of a context with the sides changed: what one sends the other receives. */
static enum err mirror(const struct crypto *c, const struct nas_security *ue, bool loaded,
                       struct nas_security *out)
{
    uint8_t octets[NASSEC_IMAGE_LEN];
    struct nas_security side = *ue;
    side.agreed.side = NASSEC_MME;
    side.send_next = ue->receive_next;
    /* A context that is new starts at 0; after a power cut the device goes on where it reserved. */
    side.receive_next = loaded ? ue->send_next : 0;
    side.seen = 0;
    enum err err = nassec_image_write(&side, MBYTES_OF(octets));
    if (err == E_OK) {
        err = nassec_image_read(c, BYTES_OF(octets), out);
    }
    wipe(octets, sizeof octets);
    wipe(&side, sizeof side);
    return err;
}

static bool same(const struct nas_security *a, const struct nas_security *b)
{
    return a->agreed.ksi == b->agreed.ksi && a->agreed.eea == b->agreed.eea &&
           a->agreed.eia == b->agreed.eia &&
           crypto_ct_eq(BYTES_OF(a->agreed.kasme.b), BYTES_OF(b->agreed.kasme.b));
}

static void take(struct shadow *s, const struct crypto *c, const struct nas_security *ue,
                 bool loaded)
{
    struct nas_security up;
    if ((s->has && same(&s->down, ue)) || mirror(c, ue, loaded, &up) != E_OK) {
        return;
    }
    s->has = true;
    s->up = up;
    s->down = *ue;
    if (!loaded) { /* read along from the beginning */
        s->down.receive_next = 0;
        s->down.seen = 0;
    }
    wipe(&up, sizeof up);
}

void shadow_follow(struct shadow *s, const struct crypto *c, struct bytes image, bool loaded)
{
    struct ue_image read;
    struct nas_security ue;
    memset(&ue, 0, sizeof ue);
    if (ue_image_read(c, image, &read) == E_OK && read.has_security &&
        nassec_image_read(c, BYTES_OF(read.security), &ue) == E_OK) {
        take(s, c, &ue, loaded);
    }
    wipe(&ue, sizeof ue);
    wipe(&read, sizeof read);
}

enum err shadow_open(struct shadow *s, const struct crypto *c, bool uplink, struct bytes pdu,
                     struct mbytes out, struct bytes *plain)
{
    struct nassec_received got;
    struct nas_pdu p;
    if (nas_peek(pdu, &p) != E_OK || p.kind != NAS_PROTECTED) {
        return E_UNSUPPORTED;
    }
    if (p.sht == NAS_SHT_INTEGRITY || p.sht == NAS_SHT_INTEGRITY_NEW) {
        *plain = p.inner; /* there is nothing to open */
    }
    if (!s->has) {
        return p.sht == NAS_SHT_INTEGRITY || p.sht == NAS_SHT_INTEGRITY_NEW ? E_OK : E_NOT_FOUND;
    }
    enum err err = nassec_unprotect(c, uplink ? &s->up : &s->down, pdu, out, &got);
    if (err == E_OK) {
        *plain = (struct bytes){out.p, got.n};
        return E_OK;
    }
    return p.sht == NAS_SHT_INTEGRITY || p.sht == NAS_SHT_INTEGRITY_NEW ? E_OK : err;
}

enum err shadow_reseal(const struct shadow *s, const struct crypto *c, struct bytes plain,
                       struct mbytes out, size_t *n)
{
    struct nas_security side = s->down;
    if (!s->has || s->up.receive_next == 0) {
        return E_NOT_FOUND;
    }
    side.send_next = s->up.receive_next - 1;
    enum err err = nassec_protect(c, &side, NAS_SHT_CIPHERED, plain, out, n);
    wipe(&side, sizeof side);
    return err;
}
