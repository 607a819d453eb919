/* crypto/keys.h - secrets and challenges as types that cannot be mixed up.
 *
 * A function that wants KME does not compile when it is handed a RAND. Secrets are wiped by their
 * owner with wipe() as soon as they are used up, compared with crypto_ct_eq only, and there is no
 * function that prints one.
 */
#ifndef BINDERY_CRYPTO_KEYS_H
#define BINDERY_CRYPTO_KEYS_H

#include <stdint.h>

/* Long-term secrets. */
struct key_k { /* K of TS 33.102: 16 octets, or 32 with TUAK */
    uint8_t n;
    uint8_t b[32];
};
struct key_opc { /* OPc (Milenage, 16) or TOPc (TUAK, 32) */
    uint8_t n;
    uint8_t b[32];
};
struct key_op { /* OP (16) or TOP (32): the operator's, before it is combined with K */
    uint8_t n;
    uint8_t b[32];
};
struct key_kme { /* KME: shared by the ME and the HSS (TR 33.868 5.4.4.2.3.2) */
    uint8_t b[16];
};

/* Session secrets. */
struct key_ck {
    uint8_t b[16];
};
struct key_ik {
    uint8_t b[16];
};
struct key_ak {
    uint8_t b[6];
};
struct key_kasme {
    uint8_t b[32];
};
struct key_knasenc { /* NAS ciphering (TS 33.401 A.7) */
    uint8_t b[16];
};
struct key_knasint { /* NAS integrity (A.7) */
    uint8_t b[16];
};
struct key_kenb { /* what the eNB begins with (A.3) */
    uint8_t b[32];
};
struct key_nh { /* next hop (A.4) */
    uint8_t b[32];
};
struct res { /* RES or XRES: 4, 8 or 16 octets */
    uint8_t n;
    uint8_t b[16];
};

/* What travels in the clear. */
struct rand128 {
    uint8_t b[16];
};
struct encrand { /* RAND encrypted under KME: what a processed challenge carries */
    uint8_t b[16];
};
struct autn {
    uint8_t b[16];
}; /* SQN^AK 6, AMF 2, MAC-A 8 */
struct auts {
    uint8_t b[14];
}; /* SQN_MS^AK* 6, MAC-S 8 */

#endif
