#include "device/linux/lot.h"

#include "crypto/openssl.h"
#include "lib/check.h"
#include <string.h>
#include <unistd.h>

#define K   "4ef71d219f07d31f368bf9d692a077e0"
#define OPC "39fcaba061162e04e385416d916f41e7"
#define KME "c142839543ba9813923b7d6a0d89c8c2"

static struct crypto crypto;

static int open_crypto(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

struct taken {
    unsigned n, at_most;
    struct lot_device last;
};

static bool take(void *ctx, const struct lot_device *d)
{
    struct taken *t = ctx;
    t->last = *d;
    t->n++;
    return t->at_most == 0 || t->n <= t->at_most;
}

static enum err read_text(const char *text, bool ndjson, struct taken *t, struct lot_why *why)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(in);
    enum err err = lot_read(in, ndjson, &crypto, take, t, why);
    (void)fclose(in);
    return err;
}

static void csv(void **state)
{
    struct taken t = {.n = 0};
    struct lot_why why;
    uint8_t kme[16];
    (void)state;
    assert_ok(read_text("imsi,algorithm,k,opc,msisdn,policy,imei,kme\n"
                        "001010000000001,milenage," K "," OPC ",1,bound,356938035643809," KME "\n"
                        "001010000000002,tuak," K "," OPC OPC ",2,open,,\n"
                        "001010000000002,,,,,,356938035643809," KME "\n",
                        false, &t, &why));
    assert_int_equal(t.n, 2); /* the third is a further device of a subscription */
    assert_int_equal(t.last.keys.algorithm, AKA_TUAK);
    assert_int_equal(t.last.keys.opc.n, 32);
    assert_false(t.last.has_imei || t.last.has_kme);
    t.n = 0;
    assert_ok(read_text("imsi,k,opc,imei,kme\n001010000000001," K "," OPC ",35693803564380," KME
                        "\n",
                        false, &t, &why));
    assert_ok(hex_decode(KME, MBYTES_OF(kme)));
    assert_memory_equal(t.last.kme.b, kme, sizeof kme);
    assert_string_equal(t.last.imei.digits, "35693803564380");
    assert_string_equal(t.last.imsi.digits, "001010000000001");
    assert_int_equal(t.last.keys.res_len, 8);
}

static void ndjson(void **state)
{
    struct taken t = {.n = 0};
    struct lot_why why;
    (void)state;
    assert_ok(read_text("{\"imsi\":\"001010000000001\",\"k\":\"" K "\",\"opc\":\"" OPC
                        "\",\"devices\":[{\"imei\":\"35693803564380\",\"kme\":\"" KME
                        "\"},{\"imei\":\"35209900176148\"}]}\n"
                        "{\"imsi\":\"001010000000002\",\"algorithm\":\"tuak\",\"k\":\"" K
                        "\",\"opc\":\"" OPC OPC "\",\"res_length\":16,\"keccak_iterations\":2}\n",
                        true, &t, &why));
    assert_int_equal(t.n, 2);
    assert_int_equal(t.last.keys.res_len, 16);
    assert_int_equal(t.last.keys.keccak_iterations, 2);
    static const char *const wrong[] = {"\"res_length\":0", "\"res_length\":\"8\"",
                                        "\"keccak_iterations\":256", "\"res_length\":1.5"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[300];
        (void)snprintf(text, sizeof text,
                       "{\"imsi\":\"001010000000001\",\"k\":\"" K "\",\"opc\":\"" OPC "\",%s}\n",
                       wrong[i]);
        assert_err(read_text(text, true, &t, &why), E_BAD_VALUE);
        assert_string_equal(
            why.text, "line 1: 'res_length' or 'keccak_iterations' is not a number from 1 to 255");
    }
}

static void opc_of_op(void **state)
{
    struct taken a = {.n = 0};
    struct lot_why why;
    struct key_k k = {.n = 16};
    struct key_op op = {.n = 16};
    struct key_opc opc;
    (void)state;
    assert_ok(hex_decode(K, (struct mbytes){k.b, 16}));
    assert_ok(hex_decode(OPC, (struct mbytes){op.b, 16}));
    assert_ok(aka_opc(&crypto, AKA_MILENAGE, 1, &k, &op, &opc));
    assert_ok(read_text("imsi,k,op\n001010000000001," K "," OPC "\n", false, &a, &why));
    assert_memory_equal(a.last.keys.opc.b, opc.b, 16);
}

static void wrong_rows(void **state)
{
    static const struct {
        const char *row, *why;
    } rows[] = {
        {"00101x," K "," OPC ",milenage,,\n", "line 2: there is no IMSI"},
        {"001010000000001,12," OPC ",milenage,,\n", "line 2: 'k', 'op' or 'opc' is not"},
        {"001010000000001," K ",,milenage,,\n", "line 2: 'opc' is missing"},
        {"001010000000001," K "," OPC ",rot13,,\n", "line 2: 'algorithm' is neither"},
        {"001010000000001," K "," OPC ",milenage,123,\n", "line 2: 'imei' is not"},
        {"001010000000001," K "," OPC ",milenage,356938035643809,12\n", "line 2: 'kme' is not"},
        {"001010000000001," K "," OPC OPC ",milenage,,\n", "line 2: the lengths"},
        {"001010000000001,,,,,\n", "no row is a device"},
        {"\"\n", "line 2: octet"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[400];
        struct taken t = {.n = 0};
        struct lot_why why = {""};
        (void)snprintf(text, sizeof text, "imsi,k,opc,algorithm,imei,kme\n%s", rows[i].row);
        enum err err = read_text(text, false, &t, &why);
        assert_true(err == E_BAD_VALUE || err == E_MISSING);
        assert_int_equal(t.n, 0);
        if (strncmp(why.text, rows[i].why, strlen(rows[i].why)) != 0) {
            fail_msg("'%s' is not '%s'", why.text, rows[i].why);
        }
        assert_null(strstr(why.text, K)); /* no key is said */
    }
}

static void taker_says_no(void **state)
{
    struct taken t = {.at_most = 1};
    struct lot_why why;
    (void)state;
    assert_err(read_text("imsi,k,opc\n001010000000001," K "," OPC "\n001010000000002," K "," OPC
                         "\n001010000000003," K "," OPC "\n",
                         false, &t, &why),
               E_MEMORY);
    assert_int_equal(t.n, 2);
}

static void written_and_read(void **state)
{
    struct taken t = {.n = 0};
    struct lot_why why;
    struct lot_device d;
    char *text = NULL;
    size_t n = 0;
    (void)state;
    assert_ok(read_text("imsi,k,opc,imei,kme\n001010000000001," K "," OPC ",35693803564380," KME
                        "\n",
                        false, &t, &why));
    d = t.last;
    FILE *out = open_memstream(&text, &n);
    assert_ok(lot_write_header(out));
    assert_ok(lot_write(out, &d, BINDING_BOUND));
    (void)fclose(out);
    t.n = 0;
    assert_ok(read_text(text, false, &t, &why));
    assert_memory_equal(&t.last, &d, sizeof d);
    assert_non_null(strstr(text, ",bound,"));
    free(text);
}

static void files(void **state)
{
    struct taken t = {.n = 0};
    struct lot_why why;
    char path[] = "/tmp/lot_test.XXXXXX.ndjson";
    const int fd = mkstemps(path, 7);
    static const char row[] =
        "{\"imsi\":\"001010000000001\",\"k\":\"" K "\",\"opc\":\"" OPC "\"}\n";
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, row, sizeof row - 1), sizeof row - 1);
    close(fd);
    assert_ok(lot_load(path, &crypto, take, &t, &why));
    assert_int_equal(t.n, 1);
    unlink(path);
    assert_err(lot_load(path, &crypto, take, &t, &why), E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"lot: rows of CSV become devices", csv, NULL, NULL, NULL},
        {"lot: lines of NDJSON become devices, the first equipment of each", ndjson, NULL, NULL,
         NULL},
        {"lot: OPc is made of OP", opc_of_op, NULL, NULL, NULL},
        {"lot: a wrong row ends the reading, and no key is said", wrong_rows, NULL, NULL, NULL},
        {"lot: reading ends when nobody takes more", taker_says_no, NULL, NULL, NULL},
        {"lot: what is written is read again", written_and_read, NULL, NULL, NULL},
        {"lot: a file's name says what it is", files, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
