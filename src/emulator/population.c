#include "emulator/population.h"

#include "crypto/openssl.h"
#include "device/linux/platform_openssl.h"
#include "emulator/emulation.h"
#include "emulator/enb.h"
#include "emulator/population_parts.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of a device whose row names none: of a test TAC, which no real equipment has (TS 23.003 6.2.1).
 */
#define UNKNOWN_IMEI "00101700000000"

/* ---- what devices say they can ---- */

struct bindery_ue_settings population_settings(void)
{
    return (struct bindery_ue_settings){
        .eea = 0xf0, .eia = 0x70, .pdn_type = 1, .unprotected_limit = 0};
}

enum err population_capabilities(const char *text, struct bindery_ue_settings *out)
{
    uint8_t eea = 0, eia = 0;
    for (;;) {
        const size_t n = strcspn(text, ",");
        if (n != 4 || text[3] < '0' || text[3] > '3') {
            return E_BAD_VALUE;
        }
        const uint8_t bit = (uint8_t)(0x80U >> (text[3] - '0'));
        if (strncmp(text, "eea", 3) == 0) {
            eea |= bit;
        } else if (strncmp(text, "eia", 3) == 0) {
            eia |= bit;
        } else {
            return E_BAD_VALUE;
        }
        if (text[n] == '\0') {
            break;
        }
        text += n + 1;
    }
    /* EEA0 is what every device has, and EIA0 what none may use (bindery_ue.h). */
    if (eia == 0 || (eia & 0x80) != 0) {
        return E_BAD_VALUE;
    }
    out->eea = eea | 0x80;
    out->eia = eia;
    return E_OK;
}

/* ---- memory ---- */

enum err population_open(struct population *p, const struct bindery_ue_settings *settings,
                         const struct population_guise *guise)
{
    memset(p, 0, sizeof *p);
    p->settings = *settings;
    p->hold.fd = -1;
    if (guise != NULL) {
        p->guise = *guise;
    }
    enum err err = platform_openssl_open(&p->table);
    if (err == E_OK) {
        err = crypto_openssl_open(&p->crypto);
    }
    if (err != E_OK) {
        population_close(p);
    }
    return err;
}

static void drop_parts(struct device *d)
{
    if (d->key != NULL) {
        wipe(d->key, d->key_n);
        free(d->key);
        d->key = NULL;
    }
    if (d->forge != NULL) {
        wipe(d->forge, sizeof *d->forge);
        free(d->forge);
        d->forge = NULL;
    }
    onboard_free(d->onboard);
    d->onboard = NULL;
    discovery_free(d->discovery);
    d->discovery = NULL;
}

void population_close(struct population *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        drop_parts(population_at(p, i));
    }
    for (uint32_t i = 0; i < p->chunks; i++) {
        wipe(p->chunk[i], POPULATION_CHUNK * sizeof(struct device));
        free(p->chunk[i]);
    }
    free(p->chunk);
    p->chunk = NULL;
    p->n = p->chunks = 0;
    identity_source_close(p->identities);
    p->identities = NULL;
    lot_file_free(&p->lot);
    onboard_openssl_roots_free(p->roots);
    p->roots = NULL;
    device_state_release(&p->hold);
    device_state_wipe(&p->state);
    wipe(&p->guise, sizeof p->guise);
    wipe(p->image, sizeof p->image);
    wipe(p->keys, sizeof p->keys);
    wipe(p->buffer, sizeof p->buffer);
    platform_openssl_close(&p->table);
    crypto_openssl_close(&p->crypto);
}

struct device *population_at(const struct population *p, uint32_t i)
{
    return &p->chunk[i / POPULATION_CHUNK][i % POPULATION_CHUNK];
}

size_t population_device_size(void)
{
    return sizeof(struct device);
}

/* Chunks, for devices never move: their NAS clients point to their USIMs. */
static struct device *new_device(struct population *p)
{
    if (p->n == p->chunks * POPULATION_CHUNK) {
        struct device **chunk = realloc(p->chunk, (p->chunks + 1) * sizeof(struct device *));
        if (chunk == NULL) {
            return NULL;
        }
        p->chunk = chunk;
        p->chunk[p->chunks] = calloc(POPULATION_CHUNK, sizeof(struct device));
        if (p->chunk[p->chunks] == NULL) {
            return NULL;
        }
        p->chunks++;
    }
    return population_at(p, p->n);
}

/* ---- what a device stores ---- */

/* The file is that of a device and its USIM. When the USIM is in other equipment, only what the
 * USIM itself remembers goes back into it. */
static bool save(struct population *p, const struct device *d, struct bytes image)
{
    uint64_t seq[BINDERY_UE_USIM_SEQUENCES];
    const bool disguised = population_is_disguised(p);
    if (disguised && p->state.imsi.n == 0) {
        return true; /* the file has no USIM: what this equipment got is not its */
    }
    if (d->turn == EMULATION_TURN_MANAGED) {
        return true; /* the file has the next subscription: this one's client only detaches */
    }
    bindery_ue_usim_sequences(&d->usim, seq);
    if (disguised) {
        memcpy(p->state.usim.seq, seq, sizeof p->state.usim.seq);
    } else if (device_state_take_image(&p->crypto, &p->state, image, seq) != E_OK) {
        return false;
    }
    return device_state_save_held(p->path, &p->hold, &p->state, &p->why) == E_OK;
}

/* Without a file the state lives and dies with the process, and that is what is promised. */
/* It detaches, and its file has the operator's own subscription already: what it had of the one
 * before is of no use to that. */
static bool has_successor(const struct population *p, const struct device *d)
{
    return d->discovery != NULL && p->state.discovery.previous.imsi.n > 0 &&
           imsi_eq(&p->state.discovery.previous.imsi, &d->imsi);
}

static bool store(void *ctx, const uint8_t *image, size_t n)
{
    const struct device *d = ctx;
    struct population *p = d->population;
    if (p->path != NULL && !has_successor(p, d) && !save(p, d, (struct bytes){image, n})) {
        return false;
    }
    if (d->forge != NULL) {
        shadow_follow(&d->forge->shadow, &p->crypto, (struct bytes){image, n}, false);
    }
    if (p->stored != NULL) {
        p->stored(p->ctx, d, (struct bytes){image, n});
    }
    return true;
}

/* ---- a device ---- */

static bool make_usim(struct population *p, struct device *d, const struct aka_keys *keys,
                      const uint64_t *seq)
{
    struct bindery_ue_usim_keys k = {.algorithm = (enum bindery_ue_algorithm)keys->algorithm,
                                     .k_n = keys->k.n,
                                     .opc_n = keys->opc.n,
                                     .res_n = keys->res_len,
                                     .keccak_iterations = keys->keccak_iterations};
    memcpy(k.k, keys->k.b, sizeof k.k);
    memcpy(k.opc, keys->opc.b, sizeof k.opc);
    bool made = bindery_ue_usim_init(&d->usim, &p->table, &k, seq) == BINDERY_UE_OK;
    wipe(&k, sizeof k);
    return made;
}

static struct imei unknown_imei(void)
{
    struct imei imei = {{0}};
    memcpy(imei.digits, UNKNOWN_IMEI, sizeof imei.digits);
    return imei;
}

static void imeisv_of(const struct population *p, const struct lot_device *from,
                      char out[static 16])
{
    struct imei imei = from->has_imei ? from->imei : unknown_imei();
    if (p->guise.has_imei) {
        imei = p->guise.imei;
    }
    for (size_t i = 0; i < 16; i++) {
        out[i] = i < IMEI_DIGITS ? imei.digits[i] : POPULATION_SVN[i - IMEI_DIGITS];
    }
}

/* One without a subscription stores what it gets through its onboard or its SE, and nothing else.
 */
static struct bindery_ue_host host_of(struct population *p, struct device *d,
                                      const struct lot_device *from)
{
    struct bindery_ue_host host = {.ctx = d, .signer = population_signer(p, d)};
    if (d->seeks && d->discovery != NULL) {
        host.discovery = &d->discovery->port;
        return host;
    }
    if (d->seeks) {
        host.onboarding = &d->onboard->port;
        return host;
    }
    host.usim = bindery_ue_usim_authenticate;
    host.usim_ctx = &d->usim;
    host.store = store;
    host.provisioning = population_provisioning(p, from);
    host.store_keys = population_store_keys;
    return host;
}

enum err population_begin(struct population *p, struct device *d, const struct lot_device *from,
                          const struct population_kept *kept)
{
    d->seeks =
        from->imsi.n == 0 || (d->discovery != NULL && d->discovery->stage == DISCOVERY_DIMSI);
    const struct bindery_ue_host host = host_of(p, d, from);
    struct bindery_ue_identity id = {.imsi_n = from->imsi.n,
                                     .keys = kept->keys.p,
                                     .keys_n = kept->keys.n,
                                     .mnc_n = d->seeks        ? 0
                                              : p->mnc_n != 0 ? p->mnc_n
                                                              : kept->mnc_n};
    memcpy(id.imsi, from->imsi.digits, sizeof id.imsi);
    imeisv_of(p, from, id.imeisv);
    id.kme = from->has_kme && !p->guise.without_kme ? from->kme.b : NULL;
    d->imsi = from->imsi;
    d->connection = ENB_NO_CONNECTION;
    bindery_ue_wipe(&d->ue);
    bindery_ue_usim_wipe(&d->usim);
    const bool begun =
        (d->seeks || make_usim(p, d, &from->keys, kept->seq)) &&
        bindery_ue_init(&d->ue, &p->table, &host, &p->settings, &id, p->buffer, sizeof p->buffer,
                        kept->image.p, kept->image.n) == BINDERY_UE_OK;
    return begun ? E_OK : E_BAD_VALUE;
}

static enum err give_parts(struct population *p, struct device *d, const struct lot_device *from,
                           const struct population_kept *kept)
{
    enum err err = E_OK;
    if (kept->identity == NULL) {
        err = population_find_key(p, d, from);
    } else if (kept->identity->n > 0) {
        err = population_give_key(p, d, (struct bytes){kept->identity->der, kept->identity->n},
                                  kept->identity->algorithm);
    }
    if (err == E_OK && forge_wants(&p->guise.forge)) {
        d->forge = calloc(1, sizeof *d->forge);
        err = d->forge != NULL ? E_OK : E_MEMORY;
    }
    if (err == E_OK && kept->discovers != NULL) {
        err = population_give_discovery(p, d, kept->discovers);
    }
    return err == E_OK && kept->factory != NULL ? population_give_onboard(p, d, kept->factory)
                                                : err;
}

enum err population_add_kept(struct population *p, const struct lot_device *from,
                             const struct population_kept *kept)
{
    struct device *d = new_device(p);
    if (d == NULL) {
        return E_MEMORY;
    }
    d->population = p;
    d->number = p->n;
    d->imei = from->has_imei ? from->imei : unknown_imei();
    d->pending_ns = UINT64_MAX;
    enum err err = give_parts(p, d, from, kept);
    if (err == E_OK) {
        err = population_begin(p, d, from, kept);
    }
    if (err != E_OK) {
        drop_parts(d);
        wipe(d, sizeof *d);
        return err;
    }
    p->n++;
    return E_OK;
}

enum err population_add(struct population *p, const struct lot_device *device)
{
    const struct population_kept nothing = {.seq = NULL};
    return population_add_kept(p, device, &nothing);
}

/* ---- a lot ---- */

struct taking {
    struct population *p;
    enum err err;
};

static bool take(void *ctx, const struct lot_device *device)
{
    struct taking *t = ctx;
    t->err = population_add(t->p, device);
    return t->err == E_OK;
}

enum err population_load_lot(struct population *p, const char *path, struct population_why *why)
{
    struct taking t = {.p = p, .err = E_OK};
    struct lot_why lot = {""};
    enum err err = lot_load(path, &p->crypto, take, &t, &lot);
    if (t.err == E_BAD_VALUE) {
        (void)snprintf(lot.text, sizeof lot.text, "device %u: no device is like that", p->n + 1);
    }
    if (p->identities_why.text[0] != '\0' && t.err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", p->identities_why.text);
    } else {
        (void)snprintf(why->text, sizeof why->text, "%s: %s", path, lot.text);
    }
    return t.err != E_OK ? t.err : err;
}

/* ---- a device's own file ---- */

static enum err read_device(struct population *p, struct population_why *why)
{
    enum err err = p->reads_only ? E_OK : device_state_hold(p->path, &p->hold, &p->why);
    if (err == E_OK) {
        err = device_state_load(p->path, &p->state, &p->why);
    }
    if (err == E_OK) {
        err = population_give_lot(p);
    }
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", p->why.text);
    }
    return err;
}

enum err population_read_kept(struct population *p, struct population_kept *kept)
{
    enum err err = device_state_image(&p->crypto, &p->state, MBYTES_OF(p->image), &p->image_n);
    kept->image = (struct bytes){err == E_OK ? p->image : NULL, p->image_n};
    err = err == E_NOT_FOUND ? E_OK : err;
    if (err == E_OK) {
        err = device_state_keys(&p->crypto, &p->state, MBYTES_OF(p->keys), &p->keys_n);
    }
    kept->keys = (struct bytes){p->keys, p->keys_n};
    return err;
}

/* It came without a subscription, or has one that came over the air by certattach. */
static bool wants_factory(const struct population *p, bool boxed)
{
    return p->state.onboarding.form != 0 && !discovery_is_wanted(&p->state) &&
           (boxed || (p->state.profile.present && !population_is_disguised(p)));
}

static enum err add_from_file(struct population *p)
{
    struct lot_device from = population_row_of(&p->state);
    struct population_kept kept = {
        .seq = p->state.usim.seq, .identity = &p->state.identity, .mnc_n = p->state.mnc_n};
    struct population_factory factory = population_factory_of(p);
    const bool boxed = p->state.imsi.n == 0;
    kept.factory = wants_factory(p, boxed) ? &factory : NULL;
    kept.discovers = discovery_is_wanted(&p->state) ? &p->state : NULL;
    enum err err = boxed && kept.factory == NULL && kept.discovers == NULL ? E_MISSING : E_OK;
    if (err == E_OK && !boxed && !population_is_disguised(p)) {
        err = population_read_kept(p, &kept);
    }
    if (err == E_OK) {
        err = population_add_kept(p, &from, &kept);
    }
    if (err == E_OK && !boxed && kept.factory != NULL) {
        struct onboard *o = population_at(p, p->n - 1)->onboard;
        o->installed = true;
        o->trial = p->state.profile.trial;
    }
    wipe(&from, sizeof from);
    return err;
}

enum err population_load_device(struct population *p, const char *path, struct population_why *why)
{
    p->path = path;
    enum err err = read_device(p, why);
    if (err != E_OK) {
        return err;
    }
    err = add_from_file(p);
    if (err == E_MISSING) {
        (void)snprintf(why->text, sizeof why->text,
                       "%s: it has no subscription, and its secure element no dIMSI: give it an "
                       "order (bindery-ue se accept)",
                       path);
    } else if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s: what it keeps for NAS cannot be: %s", path,
                       err_sentence(err));
    }
    return err;
}

/* ---- derived ones ---- */

static enum err derive_key(const struct crypto *c, struct bytes seed, const char *label,
                           const struct imsi *imsi, struct mbytes out)
{
    const struct bytes parts[] = {bytes_of_str(label), bytes_of_str(imsi->digits)};
    uint8_t mac[32];
    enum err err = c->hmac_sha256(c->ctx, seed, parts, 2, mac);
    memcpy(out.p, mac, out.n);
    wipe(mac, sizeof mac);
    return err;
}

/* Counts up in decimal, in the digits that the first one has. */
static bool add_to_digits(char *digits, size_t n, uint64_t by)
{
    for (size_t i = n; i > 0 && by > 0; i--) {
        by += (uint64_t)(digits[i - 1] - '0');
        digits[i - 1] = (char)('0' + by % 10);
        by /= 10;
    }
    return by == 0;
}

enum err population_derive(const struct crypto *c, const struct population_origin *origin,
                           uint32_t i, struct lot_device *out)
{
    memset(out, 0, sizeof *out);
    out->imsi = origin->imsi;
    out->imei = origin->imei;
    out->has_imei = true;
    out->has_kme = !origin->unbound;
    out->keys.algorithm = AKA_MILENAGE;
    out->keys.k.n = out->keys.opc.n = 16;
    out->keys.res_len = 8;
    if (origin->seed.n < POPULATION_SEED_MIN) {
        return E_BAD_LENGTH;
    }
    if (!add_to_digits(out->imsi.digits, out->imsi.n, i) ||
        !add_to_digits(out->imei.digits, IMEI_DIGITS, i)) {
        return E_BAD_VALUE;
    }
    enum err err =
        derive_key(c, origin->seed, "bindery-ue k", &out->imsi, (struct mbytes){out->keys.k.b, 16});
    if (err == E_OK) {
        err = derive_key(c, origin->seed, "bindery-ue opc", &out->imsi,
                         (struct mbytes){out->keys.opc.b, 16});
    }
    if (err == E_OK && out->has_kme) {
        err = derive_key(c, origin->seed, "bindery-ue kme", &out->imsi, MBYTES_OF(out->kme.b));
    }
    return err;
}

enum err population_add_derived(struct population *p, const struct population_origin *origin,
                                uint32_t n)
{
    enum err err = E_OK;
    for (uint32_t i = 0; err == E_OK && i < n; i++) {
        struct lot_device device;
        err = population_derive(&p->crypto, origin, i, &device);
        if (err == E_OK) {
            err = population_add(p, &device);
        }
        wipe(&device, sizeof device);
    }
    return err;
}

enum err private_file_load(const char *path, struct mbytes out, size_t *n)
{
    struct stat st;
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return errno == ENOENT ? E_NOT_FOUND : errno == EACCES ? E_DENIED : E_IO;
    }
    (void)setvbuf(f, NULL, _IONBF, 0); /* no copy that nobody wipes */
    enum err err = E_OK;
    *n = fread(out.p, 1, out.n, f);
    if (ferror(f) || fstat(fileno(f), &st) != 0) {
        err = E_IO;
    } else if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
        err = E_DENIED;
    } else if (*n == out.n) {
        err = E_BAD_LENGTH;
    }
    (void)fclose(f);
    return err;
}

enum err population_seed_load(const char *path, uint8_t out[static POPULATION_SEED_MAX], size_t *n)
{
    enum err err = private_file_load(path, (struct mbytes){out, POPULATION_SEED_MAX}, n);
    while (err == E_OK && *n > 0 && (out[*n - 1] == '\n' || out[*n - 1] == '\r')) {
        (*n)--;
    }
    return err == E_OK && *n < POPULATION_SEED_MIN ? E_BAD_LENGTH : err;
}
