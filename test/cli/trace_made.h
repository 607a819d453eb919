/* test/cli/trace_made.h - traces made for a test: S1AP from JSON, Diameter from a few AVPs, NAS as
 * it is.
 */
#ifndef BINDERY_TEST_CLI_TRACE_MADE_H
#define BINDERY_TEST_CLI_TRACE_MADE_H

#include "cli/s1ap_json.h"
#include "cli/said.h"
#include "codec/diameter.h"
#include "trace/pcapng.h"

static const struct pcapng_end made_enb = {4, {10, 0, 0, 1}, 40000},
                               made_mme_s1 = {4, {10, 0, 0, 2}, 36412},
                               made_mme = {4, {10, 0, 0, 2}, 50000},
                               made_hss = {4, {10, 0, 0, 3}, 3868};

struct made {
    struct pcapng_writer *w;
    uint64_t us; /* since the beginning, of the message that comes next */
};

static inline struct made made_begin(const char *path)
{
    struct made m = {0};
    assert_ok(pcapng_create(path, "test", &m.w));
    return m;
}

static inline void made_put(struct made *m, struct bytes dissector, const struct pcapng_end *from,
                            const struct pcapng_end *to, struct bytes comment, struct bytes octets)
{
    static const struct pcapng_end nowhere;
    struct pcapng_packet p = {.time_ns = UINT64_C(1700000000000000000) + 1000 * m->us,
                              .dissector = dissector,
                              .port_type = PCAPNG_PORT_TCP,
                              .from = from ? *from : nowhere,
                              .to = to ? *to : nowhere,
                              .comment = comment,
                              .message = octets};
    assert_ok(pcapng_write(m->w, &p));
    m->us += 1000;
}

/* JSON with ' for ". */
static inline void made_s1(struct made *m, bool up, const char *text)
{
    char json[1024], why[256];
    uint8_t octets[512];
    size_t n, i = 0;
    for (; text[i] && i + 1 < sizeof json; i++) {
        json[i] = text[i] == '\'' ? '"' : text[i];
    }
    json[i] = '\0';
    json_t *o = json_loads(json, 0, NULL);
    assert_non_null(o);
    enum err e = s1ap_json_build(o, MBYTES_OF(octets), &n, why, sizeof why);
    if (e != E_OK) {
        fail_msg("%s: %s", json, why);
    }
    json_decref(o);
    made_put(m, BYTES_LIT("s1ap"), up ? &made_enb : &made_mme_s1, up ? &made_mme_s1 : &made_enb,
             (struct bytes){NULL, 0}, (struct bytes){octets, n});
}

static inline void made_nas(struct made *m, bool up, const char *hex)
{
    uint8_t octets[256];
    struct mbytes out = {octets, strlen(hex) / 2};
    assert_ok(hex_decode(hex, out));
    made_put(m, BYTES_LIT("nas-eps_plain"), NULL, NULL,
             up ? BYTES_LIT("inside: uplink NAS message, deciphered")
                : BYTES_LIT("inside: downlink NAS message, plain"),
             (struct bytes){octets, out.n});
}

static inline void made_avp(struct wr *w, uint32_t code, const char *text)
{
    size_t n = strlen(text);
    wr_be32(w, code);
    wr_u8(w, 0x40);
    wr_be24(w, (uint32_t)(8 + n));
    wr_put(w, bytes_of_str(text));
    wr_zero(w, (4 - n % 4) % 4);
}

/* To the HSS or back, as mme.example and hss.example. result 0: a request. */
static inline void made_diameter(struct made *m, uint32_t command, uint32_t hop_by_hop,
                                 uint32_t result, const char *imsi)
{
    uint8_t octets[256];
    struct wr w = wr_of(MBYTES_OF(octets));
    struct diameter_header h = {.request = result == 0,
                                .command = command,
                                .application = command == 257 ? 0 : DIAMETER_APP_S6A,
                                .hop_by_hop = hop_by_hop,
                                .end_to_end = hop_by_hop + 1};
    diameter_header_write(&w, &h);
    if (imsi) {
        made_avp(&w, 1, imsi);
    }
    made_avp(&w, 264, result ? "hss.example" : "mme.example");
    made_avp(&w, 296, "example");
    if (result) {
        wr_be32(&w, 268);
        wr_u8(&w, 0x40);
        wr_be24(&w, 12);
        wr_be32(&w, result);
    }
    assert_ok(diameter_length_set(&w));
    made_put(m, BYTES_LIT("diameter"), result ? &made_hss : &made_mme,
             result ? &made_mme : &made_hss, (struct bytes){NULL, 0}, wr_done(&w));
}

#define MADE_UP(ids, nas)                                                                          \
    "{'message':'UplinkNASTransport'," ids ",'NAS-PDU':" nas                                       \
    ",'EUTRAN-CGI':{'pLMNidentity':'001-01','cell-ID':'0xabcde01'}"                                \
    ",'TAI':{'pLMNidentity':'001-01','tAC':'0x7'}}"
#define MADE_DOWN(ids, nas) "{'message':'DownlinkNASTransport'," ids ",'NAS-PDU':" nas "}"
#define MADE_INITIAL(id, nas)                                                                      \
    "{'message':'InitialUEMessage','eNB-UE-S1AP-ID':" id ",'NAS-PDU':" nas                         \
    ",'TAI':{'pLMNidentity':'001-01','tAC':'0x7'}"                                                 \
    ",'EUTRAN-CGI':{'pLMNidentity':'001-01','cell-ID':'0xabcde01'}"                                \
    ",'RRC-Establishment-Cause':'mo-Signalling'}"
#define MADE_IDS "'MME-UE-S1AP-ID':9,'eNB-UE-S1AP-ID':1"

/* What an MME writes down: S1 Setup, one attach that ends with a rejected one, and what is inside
 * ciphered messages. */
static inline void made_attach(struct made *m)
{
    made_diameter(m, 257, 1, 0, NULL);
    made_diameter(m, 257, 1, 2001, NULL);
    made_s1(m, true,
            "{'message':'S1SetupRequest','Global-ENB-ID':{'pLMNidentity':'001-01','eNB-ID':"
            "{'macroENB-ID':'0xabcde'}},'eNBname':'cell 7','SupportedTAs':[{'tAC':'0x7',"
            "'broadcastPLMNs':['001-01']}],'DefaultPagingDRX':'v128'}");
    made_s1(m, false,
            "{'message':'S1SetupResponse','MMEname':'mme-of-s1','ServedGUMMEIs':[{'servedPLMNs':"
            "['001-01'],'servedGroupIDs':['0x8001'],'servedMMECs':['0x1']}],"
            "'RelativeMMECapacity':255}");
    made_s1(m, true,
            MADE_INITIAL("1", "{'message':'ATTACH REQUEST','attach-type':1,'ksi':7,"
                              "'identity':'imsi 001010123456789',"
                              "'ue-network-capability':'0xe0e0','esm-message-container':"
                              "{'message':'PDN CONNECTIVITY REQUEST','ebi':0,'pti':1,"
                              "'request-type':1,'pdn-type':1}}"));
    made_diameter(m, 318, 2, 0, "001010123456789");
    made_diameter(m, 318, 2, 2001, NULL);
    made_s1(m, false, MADE_DOWN(MADE_IDS, "'27aabbccdd00414243'"));
    made_s1(m, true, MADE_UP(MADE_IDS, "'47aabbccdd004142'"));
    made_nas(m, true, "075e"); /* SECURITY MODE COMPLETE */
    made_diameter(m, 316, 3, 0, "001010123456789");
    made_diameter(m, 316, 3, 5012, NULL);
    made_nas(m, false, "074411");
    made_s1(m, false, MADE_DOWN(MADE_IDS, "'27aabbccdd01010203'"));
    made_s1(m, false,
            "{'message':'UEContextReleaseCommand','UE-S1AP-IDs':{'uE-S1AP-ID-pair':"
            "{'mME-UE-S1AP-ID':9,'eNB-UE-S1AP-ID':1}},'Cause':{'nas':'normal-release'}}");
    made_s1(m, true, "{'message':'UEContextReleaseComplete'," MADE_IDS "}");
}

#endif
