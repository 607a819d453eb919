#include "codec/s1ap_table.h"
#include <string.h>

/* ---- what lies in C ---- */

uint64_t s1ap_load(const void *in, size_t size)
{
    uint64_t v = 0;
    uint32_t four;
    uint16_t two;
    switch (size) {
    case 8:
        memcpy(&v, in, 8);
        return v;
    case 4:
        memcpy(&four, in, 4);
        return four;
    case 2:
        memcpy(&two, in, 2);
        return two;
    default:
        return *(const uint8_t *)in;
    }
}

void s1ap_save(void *out, size_t size, uint64_t v)
{
    uint32_t four = (uint32_t)v;
    uint16_t two = (uint16_t)v;
    switch (size) {
    case 8:
        memcpy(out, &v, 8);
        break;
    case 4:
        memcpy(out, &four, 4);
        break;
    case 2:
        memcpy(out, &two, 2);
        break;
    default:
        *(uint8_t *)out = (uint8_t)v;
    }
}

/* X.680 41.4 */
bool s1ap_printable(struct bytes v)
{
    static const char others[] = " '()+,-./:=?";
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];
        bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  (c != 0 && memchr(others, c, sizeof others - 1) != NULL);
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* 9.2.2.1: IPv4, IPv6, or both */
bool s1ap_address_length(size_t octets)
{
    return octets == 4 || octets == 16 || octets == 20;
}

void s1ap_plmn_to_nas(uint8_t v[static PLMN_LEN])
{
    unsigned first = v[1] >> 4, second = v[2] & 0xF, third = v[2] >> 4;
    if (first != 0xF) {
        v[1] = (uint8_t)(third << 4 | (v[1] & 0xF));
        v[2] = (uint8_t)(second << 4 | first);
    }
}

void s1ap_plmn_from_nas(uint8_t v[static PLMN_LEN])
{
    unsigned first = v[2] & 0xF, second = v[2] >> 4, third = v[1] >> 4;
    if (third != 0xF) {
        v[1] = (uint8_t)(first << 4 | (v[1] & 0xF));
        v[2] = (uint8_t)(third << 4 | second);
    }
}
