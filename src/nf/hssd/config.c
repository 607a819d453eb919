#include "nf/hssd/config.h"
#include "nf/hssd/config_raw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (4u << 20) /* octets; thousands of peers fit */

static enum err file_wrong(struct config_why *why, const char *path, enum err err,
                           const char *sentence)
{
    snprintf(why->place, sizeof why->place, "%.300s", path);
    snprintf(why->sentence, sizeof why->sentence, "%.300s", sentence);
    return err;
}

static enum err file_open(const char *path, FILE **out, struct config_why *why)
{
    *out = fopen(path, "re");
    if (*out != NULL) {
        return E_OK;
    }
    if (errno == ENOENT) {
        return file_wrong(why, path, E_NOT_FOUND,
                          "there is no such file: copy examples/hssd.yaml and change it");
    }
    return file_wrong(why, path, E_IO, strerror(errno));
}

static enum err file_read(const char *path, char **out, size_t *n, struct config_why *why)
{
    FILE *f = NULL;
    enum err err = file_open(path, &f, why);
    if (err != E_OK) {
        return err;
    }
    char *text = malloc(FILE_MAX + 1);
    *n = text != NULL ? fread(text, 1, FILE_MAX + 1, f) : 0;
    bool failed = ferror(f) != 0;
    fclose(f);
    if (text == NULL) {
        return E_MEMORY;
    }
    if (failed || *n > FILE_MAX) {
        free(text);
        return file_wrong(why, path, failed ? E_IO : E_BAD_VALUE,
                          failed ? "cannot be read" : "is larger than 4 MiB");
    }
    *out = text;
    return E_OK;
}

static enum err load(const char *path, struct bytes yaml, struct hssd_config **out,
                     struct config_why *why)
{
    struct config_places *places = NULL;
    struct raw_config *raw = NULL;
    enum err err = config_places_read(path, yaml, &places, why);
    if (err == E_OK) {
        err = config_raw_read(yaml, places, &raw, why);
    }
    if (err == E_OK) {
        err = config_check(raw, path, places, out, why);
    }
    config_raw_free(raw);
    config_places_free(places);
    return err;
}

enum err hssd_config_load(const char *path, struct hssd_config **out, struct config_why *why)
{
    char *text = NULL;
    size_t n = 0;
    *why = (struct config_why){{0}, {0}};
    enum err err = file_read(path, &text, &n, why);
    if (err == E_OK) {
        err = load(path, (struct bytes){(const uint8_t *)text, n}, out, why);
        free(text);
    }
    return err == E_MEMORY ? file_wrong(why, path, err, "there is not enough memory") : err;
}

static void texts_free(char **texts, size_t n)
{
    for (size_t i = 0; texts != NULL && i < n; i++) {
        free(texts[i]);
    }
    free(texts);
}

static void peer_free(struct hssd_peer *p)
{
    free(p->origin_host);
    free(p->realm);
    texts_free(p->origins, p->n_origins);
    texts_free(p->realms, p->n_realms);
    free(p->visited_plmns);
    free(p->addresses);
}

static void listener_free(struct hssd_listener *l)
{
    free(l->certificate);
    free(l->key);
    free(l->ca);
}

void hssd_config_free(struct hssd_config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->n_peers; i++) {
        peer_free(&config->peers[i]);
    }
    for (size_t i = 0; i < config->n_listeners; i++) {
        listener_free(&config->listeners[i]);
    }
    free(config->peers);
    free(config->listeners);
    free(config->profiles);
    free(config->plmns);
    free(config->path);
    free(config->origin_host);
    free(config->origin_realm);
    free(config->store_path);
    free(config->key_path);
    free(config->admin_socket);
    free(config);
}

bool hssd_config_is_home(const struct hssd_config *config, const struct imsi *imsi)
{
    for (size_t i = 0; i < config->n_plmns; i++) {
        if (imsi_in_plmn(imsi, &config->plmns[i])) {
            return true;
        }
    }
    return false;
}
