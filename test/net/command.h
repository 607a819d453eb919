/* test/net/command.h - the openssl command in a folder of its own, and files there as octets.
 * Header only: tests are single files. */
#ifndef BINDERY_TEST_NET_COMMAND_H
#define BINDERY_TEST_NET_COMMAND_H

#include "net/pki.h"

#include <stdarg.h>

static struct pki command_files;

__attribute__((format(printf, 1, 0))) static inline bool command_does(const char *format,
                                                                      va_list args)
{
    char command[2400], line[2600];
    vsnprintf(command, sizeof command, format, args);
    snprintf(line, sizeof line, "cd '%.60s' && { %.2400s; } >log 2>&1", command_files.dir, command);
    return system(line) == 0;
}

__attribute__((format(printf, 1, 2))) static inline void command_run(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!command_does(format, args)) {
        fail_msg("%s", format);
    }
    va_end(args);
}

__attribute__((format(printf, 1, 2))) static inline bool command_good(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const bool good = command_does(format, args);
    va_end(args);
    return good;
}

static inline size_t command_load(const char *name, uint8_t *out, size_t room)
{
    FILE *f = fopen(pki_path(&command_files, name, ""), "rb");
    assert_non_null(f);
    const size_t n = fread(out, 1, room, f);
    fclose(f);
    return n;
}

static inline void command_save(const char *name, struct bytes in)
{
    FILE *f = fopen(pki_path(&command_files, name, ""), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(in.p, 1, in.n, f), in.n);
    fclose(f);
}

/* The file is these octets. */
static inline void command_has(const char *name, struct bytes want)
{
    uint8_t got[4096];
    const size_t n = command_load(name, got, sizeof got);
    assert_true(bytes_eq((struct bytes){got, n}, want));
}

/* A compressed point of P-256 as a public key in PEM. */
static inline void command_save_point(const char *name, struct bytes point)
{
    static const uint8_t head[] = {0x30, 0x39, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                   0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x22, 0x00};
    uint8_t der[sizeof head + 33];
    assert_int_equal(point.n, 33);
    memcpy(der, head, sizeof head);
    memcpy(der + sizeof head, point.p, 33);
    command_save("point.der", BYTES_OF(der));
    command_run("openssl pkey -pubin -inform DER -in point.der -pubout -out '%s'", name);
}

#define COMMAND_OAEP                                                                               \
    "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 "      \
    "-pkeyopt rsa_oaep_label:"

/* What TS 33.501 C.3.4 does behind the key agreement, with the secret in the file `z`: the files
 * plain and mac from the file cipher and these octets behind it. */
static inline void command_open(struct bytes sent, struct bytes info)
{
    char hex[2 * 512 + 1], key[65];
    uint8_t octets[64];
    hex_encode(sent, hex);
    assert_int_equal(command_load("z", octets, sizeof octets), 32);
    hex_encode((struct bytes){octets, 32}, key);
    command_run("openssl kdf -keylen 64 -kdfopt digest:SHA256 -kdfopt hexkey:%s "
                "-kdfopt hexinfo:%s -binary -out keys X963KDF",
                key, hex);
    assert_int_equal(command_load("keys", octets, sizeof octets), 64);
    char ek[33], icb[33], mk[65];
    hex_encode((struct bytes){octets, 16}, ek);
    hex_encode((struct bytes){octets + 16, 16}, icb);
    hex_encode((struct bytes){octets + 32, 32}, mk);
    command_run("openssl enc -d -aes-128-ctr -K %s -iv %s -in cipher -out plain", ek, icb);
    command_save("info", info);
    command_run("cat cipher info | openssl dgst -sha256 -mac HMAC -macopt hexkey:%s -binary "
                "-out mac",
                mk);
}

#endif
