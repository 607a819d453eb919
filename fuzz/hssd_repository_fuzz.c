/* Octets as what a repository answers: as the bindings of a device and as a page of changes.
 * Whatever comes, there is one answer: a credential only with a record of this very device that its
 * signer's key was asked about, else a cause; and a page that goes back is said to be behind, with
 * no change in it. The first octet picks the status. */
#include "crypto/openssl.h"
#include "nf/hssd/repository_answer.h"

#include <stdlib.h>

static unsigned asked;

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* A trusted signer whose signature is any that is not all zeros. */
static enum err record(void *ctx, struct bytes signer, struct bytes content, struct bytes signature)
{
    (void)ctx;
    asked++;
    require(signer.n == 32 && signature.n == 64 && content.n == BINDING_RECORD_LEN);
    return signature.p[0] != 0 ? E_OK : E_BAD_MAC;
}

static const struct devid_port port = {.record = record};

static void as_bindings(const struct crypto *c, unsigned status, struct bytes body)
{
    struct imei imei;
    struct binding_record r;
    struct devid_credential got;
    struct repository_answer *answer = NULL;
    asked = 0;
    require(imei_parse_transmitted(BYTES_LIT("35693803564380"), &imei) == E_OK);
    if (repository_answer_read(c, &port, &imei, status, body, &answer) != E_OK) {
        return;
    }
    repository_answer_credential(answer, &got);
    if (got.status == DEVID_FOUND || got.status == DEVID_REVOKED) {
        require(status == 200 && asked == 1);
        require(binding_record_read(got.record, &r) == E_OK && imei_eq(&r.imei, &imei));
        require(r.serial == repository_answer_serial(answer));
        require((got.status == DEVID_REVOKED) == (r.status == BINDING_REVOKED));
        require(repository_answer_octets(answer) >= got.record.n + got.signature.n + got.signer.n);
    } else {
        require(got.record.p == NULL && repository_answer_serial(answer) == 0);
        require(got.status != DEVID_UNAVAILABLE ||
                devid_cause_result(got.cause) == DEVID_UNDETERMINED);
    }
    repository_answer_release(answer);
}

static void as_page(unsigned status, struct bytes body)
{
    static struct repository_page page;
    const uint64_t after = 5;
    if (repository_page_read(status, body, after, &page) != DEVID_CAUSE_NONE) {
        return;
    }
    require(status == 200 && page.n <= REPOSITORY_PAGE);
    require(page.behind == (page.next < after));
    require(!page.more || page.next > after);
    for (size_t i = 0; i < page.n; i++) {
        require(page.changes[i].serial > after && page.changes[i].serial <= page.next);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned statuses[] = {200, 404, 403, 429, 503, 500};
    static struct crypto c;
    if (c.sha256 == NULL && crypto_openssl_open(&c) != E_OK) {
        abort();
    }
    if (size < 1) {
        return 0;
    }
    struct bytes body = {data + 1, size - 1};
    unsigned status = statuses[data[0] % (sizeof statuses / sizeof *statuses)];
    as_bindings(&c, status, body);
    as_page(status, body);
    return 0;
}
