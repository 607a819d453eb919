/* codec/diameter_base.h - the messages of a connection (RFC 6733 5.3 to 5.5): capabilities exchange
 * 257, device watchdog 280, disconnect peer 282. Application 0, never proxiable, no Session-Id.
 *
 * Spans point into the parsed message. Parsers and writers: errors as diameter_parse and
 * diameter_write (codec/diameter_table.h). None of these messages carries an own AVP.
 */
#ifndef BINDERY_CODEC_DIAMETER_BASE_H
#define BINDERY_CODEC_DIAMETER_BASE_H

#include "codec/diameter_table.h"

#define DIAMETER_ADDRESSES_MAX    16
#define DIAMETER_APPLICATIONS_MAX 32
#define DIAMETER_VENDORS_MAX      32
#define DIAMETER_FAILED_MAX       4

enum diameter_command {
    DIAMETER_CAPABILITIES_EXCHANGE = 257,
    DIAMETER_DEVICE_WATCHDOG = 280,
    DIAMETER_DISCONNECT_PEER = 282,
};
enum diameter_disconnect_cause {
    DIAMETER_REBOOTING = 0,
    DIAMETER_BUSY = 1,
    DIAMETER_DO_NOT_WANT_TO_TALK_TO_YOU = 2,
};
enum diameter_inband_security { DIAMETER_NO_INBAND_SECURITY = 0, DIAMETER_INBAND_TLS = 1 };

struct diameter_vendor_specific_application_id {
    bool present;
    struct diameter_u32 vendor_id;
    struct diameter_u32 auth_application_id;
    struct diameter_u32 acct_application_id;
};
struct diameter_experimental_result {
    bool present;
    struct diameter_u32 vendor_id;
    struct diameter_u32 experimental_result_code;
};

/* What CER and CEA say of a node, RFC 6733 5.3.1. */
struct diameter_capabilities {
    struct bytes host_ip_address[DIAMETER_ADDRESSES_MAX]; /* family 2 octets, then the address */
    size_t host_ip_address_n;
    struct diameter_u32 vendor_id;
    struct bytes product_name;
    struct diameter_u32 origin_state_id;
    struct diameter_u32 supported_vendor_id[DIAMETER_VENDORS_MAX];
    size_t supported_vendor_id_n;
    struct diameter_u32 auth_application_id[DIAMETER_APPLICATIONS_MAX];
    size_t auth_application_id_n;
    struct diameter_u32 inband_security_id[4];
    size_t inband_security_id_n;
    struct diameter_u32 acct_application_id[DIAMETER_APPLICATIONS_MAX];
    size_t acct_application_id_n;
    struct diameter_vendor_specific_application_id
        vendor_specific_application_id[DIAMETER_APPLICATIONS_MAX];
    size_t vendor_specific_application_id_n;
    struct diameter_u32 firmware_revision;
};

struct diameter_cer {
    struct diameter_header header;
    struct bytes origin_host;
    struct bytes origin_realm;
    struct diameter_capabilities capabilities;
};
struct diameter_cea {
    struct diameter_header header;
    struct diameter_u32 result_code;
    struct bytes origin_host;
    struct bytes origin_realm;
    struct diameter_capabilities
        capabilities; /* all members optional when the result is no success */
    struct bytes error_message;
    struct bytes failed_avp[DIAMETER_FAILED_MAX];
    size_t failed_avp_n;
};
struct diameter_dwr {
    struct diameter_header header;
    struct bytes origin_host;
    struct bytes origin_realm;
    struct diameter_u32 origin_state_id;
};
struct diameter_dwa {
    struct diameter_header header;
    struct diameter_u32 result_code;
    struct bytes origin_host;
    struct bytes origin_realm;
    struct bytes error_message;
    struct bytes failed_avp[DIAMETER_FAILED_MAX];
    size_t failed_avp_n;
    struct diameter_u32 origin_state_id;
};
struct diameter_dpr {
    struct diameter_header header;
    struct bytes origin_host;
    struct bytes origin_realm;
    struct diameter_u32 disconnect_cause;
};
struct diameter_dpa {
    struct diameter_header header;
    struct diameter_u32 result_code;
    struct bytes origin_host;
    struct bytes origin_realm;
    struct bytes error_message;
    struct bytes failed_avp[DIAMETER_FAILED_MAX];
    size_t failed_avp_n;
};

/* diameter_cer_parse(msg, &cer, &fault), diameter_cer_write(&cer, out, &n), and so on. */
#define DIAMETER_BASE_MESSAGES(X) X(cer) X(cea) X(dwr) X(dwa) X(dpr) X(dpa)
#define X(m)                                                                                       \
    extern const struct diameter_message diameter_##m##_message;                                   \
    MUST_USE enum err diameter_##m##_parse(struct bytes msg, struct diameter_##m *out,             \
                                           struct diameter_fault *fault);                          \
    MUST_USE enum err diameter_##m##_write(const struct diameter_##m *in, struct mbytes out,       \
                                           size_t *n);
DIAMETER_BASE_MESSAGES(X)
#undef X

/* An Address of IPv4 (4 octets) or IPv6 (16) written to out; yields the value of Host-IP-Address,
 * empty for another length (RFC 6733 4.3.1). */
struct bytes diameter_address(struct bytes ip, uint8_t out[static 18]);
/* Does the node offer this authentication application, by itself, under the vendor, or as a relay?
 */
bool diameter_offers(const struct diameter_capabilities *c, uint32_t application);

#endif
