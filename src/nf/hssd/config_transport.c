/* Transport keys: nf/hssd/config_raw.h. */
#include "nf/hssd/config_raw.h"

#include "nf/hssd/transport_keys.h"

#include <stdlib.h>
#include <string.h>

static char *name_of(struct checker *k, const char *text)
{
    char *name = check_text(k, "name", text);
    if (name != NULL && (name[0] == '\0' || strlen(name) >= HSSD_TRANSPORT_NAME_MAX ||
                         strspn(name, HSSD_TRANSPORT_NAME_ALPHABET) != strlen(name))) {
        check_wrong(k, "name",
                    "`%.60s` is not 1 to %d letters, digits, dots, hyphens and "
                    "underscores",
                    text, HSSD_TRANSPORT_NAME_MAX - 1);
    }
    return name;
}

/* Without a default: what a file was encrypted with is nothing to be guessed. */
static void algorithm_of(struct checker *k, const char *text, struct hssd_transport_key *key)
{
    if (text == NULL) {
        check_wrong(k, "algorithm", "is missing: aes-kw, or what the SIM maker encrypts with");
        return;
    }
    key->algorithm = (enum transport_algorithm)check_choice(
        k, "algorithm", text, transport_algorithm_names, TRANSPORT_ALGORITHMS, TRANSPORT_AES_KW);
}

static void file_of(struct checker *k, const char *text, struct hssd_transport_key *key)
{
    struct transport_key *open = NULL;
    char why[160];
    key->file = check_path(k, "file", text);
    if (k->err == E_OK && transport_key_load(key->file, key->algorithm, &open, why) != E_OK) {
        check_wrong(k, "file", "%s", why);
    }
    transport_close(open);
}

void hssd_check_transport_keys(struct checker *k, const struct raw_config *raw,
                               struct hssd_config *config)
{
    config->transport_keys =
        check_alloc(k, raw->transport_keys_count, sizeof *config->transport_keys);
    config->n_transport_keys = config->transport_keys != NULL ? raw->transport_keys_count : 0;
    for (size_t i = 0; i < config->n_transport_keys; i++) {
        const struct raw_transport_key *from = &raw->transport_keys[i];
        struct hssd_transport_key *key = &config->transport_keys[i];
        check_section(k, "transport_keys[%zu].", i);
        key->name = name_of(k, from->name);
        algorithm_of(k, from->algorithm, key);
        file_of(k, from->file, key);
        key->may_export = check_bool(k, "export", from->export, false);
        if (k->err == E_OK && key->may_export && key->algorithm == TRANSPORT_DES3_ECB) {
            check_wrong(k, "export", "is not for des3-ecb, which only opens old files");
        }
        for (size_t j = 0; j < i && k->err == E_OK; j++) {
            if (strcmp(config->transport_keys[j].name, key->name) == 0) {
                check_wrong(k, "name", "`%s` is transport_keys[%zu].name too", key->name, j);
            }
        }
    }
}

void hssd_free_transport_keys(struct hssd_config *config)
{
    for (size_t i = 0; i < config->n_transport_keys; i++) {
        free(config->transport_keys[i].name);
        free(config->transport_keys[i].file);
    }
    free(config->transport_keys);
}

const struct hssd_transport_key *hssd_config_transport_key(const struct hssd_config *config,
                                                           const char *name)
{
    for (size_t i = 0; i < config->n_transport_keys; i++) {
        if (strcmp(config->transport_keys[i].name, name) == 0) {
            return &config->transport_keys[i];
        }
    }
    return NULL;
}
