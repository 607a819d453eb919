#include "nf/hssd/config.h"

#include "nf/common/config_read.h"
#include "nf/hssd/config_raw.h"

#include <stdlib.h>

enum err hssd_config_load(const char *path, struct hssd_config **out, struct config_why *why)
{
    void *snapshot = NULL, *raw = NULL;
    enum err err = config_read(&hssd_config_kind, path, &snapshot, &raw, why);
    if (err == E_OK) {
        *out = snapshot;
        (*out)->raw = raw;
    }
    return err;
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
    config_raw_free(&hssd_config_shape, config->raw);
    hssd_free_devid(config);
    hssd_free_onboarding(config);
    hssd_free_dimsi(config);
    hssd_free_webhooks(config);
    hssd_free_transport_keys(config);
    free(config->peers);
    free(config->listeners);
    free(config->profiles);
    free(config->plmns);
    free(config->path);
    free(config->origin_host);
    free(config->origin_realm);
    free(config->store_path);
    free(config->key_path);
    free(config->backup_folder);
    free(config->admin_socket);
    admin_https_free(&config->admin_https);
    free(config->kme.ca);
    free(config->kme.crl);
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
