/* codec/s1ap_table.h - the engine under codec/s1ap.h: the types of S1AP as data, each saying how it
 * is encoded and how it lies in a C struct, and messages as rows of IEs. The same tables read,
 * write and (s1ap_text) print; nothing here knows a procedure.
 *
 * How a value lies in C is said by its kind. An IE or a member that may be absent has a bool
 * elsewhere in the struct, whose offset is has_offset.
 */
#ifndef BINDERY_CODEC_S1AP_TABLE_H
#define BINDERY_CODEC_S1AP_TABLE_H

#include "codec/per.h"
#include "codec/s1ap.h"

enum s1ap_kind {
    S1AP_WHOLE,      /* INTEGER (low..high): an unsigned of `size` octets */
    S1AP_ENUMERATED, /* ENUMERATED of `root` values and, if extensible, of n in all: an enum */
    S1AP_NUMBER,     /* OCTET STRING (SIZE (high)), as an unsigned in network order */
    S1AP_BITS,       /* BIT STRING (SIZE (high)), as an unsigned */
    S1AP_OCTETS,     /* OCTET STRING: struct bytes, never empty */
    S1AP_KEY,        /* BIT STRING (SIZE (256)): struct bytes of 32 octets, never printed */
    S1AP_ADDRESS,    /* BIT STRING (SIZE (1..160, ...)): struct bytes of 4, 16 or 20 octets */
    S1AP_PRINTABLE,  /* PrintableString (SIZE (low..high, ...)): struct bytes */
    S1AP_PLMN,       /* OCTET STRING (SIZE (3)): struct plmn */
    S1AP_OPAQUE,     /* the content of the open type as it comes: struct bytes */
    S1AP_SEQUENCE,   /* members, then the optional iE-Extensions, then "..." */
    S1AP_CHOICE,     /* one of members: an enum of the index at offset 0, extensible */
    S1AP_LIST        /* SEQUENCE (SIZE (low..high)) OF element: struct s1ap_list */
};

#define S1AP_ALWAYS ((size_t)-1) /* has_offset of what cannot be absent */

struct s1ap_table;
struct s1ap_member;
struct s1ap_type {
    enum s1ap_kind kind;
    const char *name; /* of the ASN.1 type */
    bool extensible;
    uint64_t low, high;
    uint32_t root;
    size_t size;       /* of the C object */
    size_t index_size; /* of a choice: of the enum at offset 0 */
    const char *const *names;
    const struct s1ap_member *members;
    size_t n; /* names or members */
    const struct s1ap_table *extensions;
    const struct s1ap_type *element;
    /* Elements that are each a ProtocolIE-SingleContainer of this one IE; id 0: they are not. */
    uint16_t wrap_id;
    enum s1ap_criticality wrap_criticality;
};
struct s1ap_member {
    const char *name;
    const struct s1ap_type *type;
    size_t offset;
    size_t has_offset;
};

struct s1ap_row {
    const struct s1ap_type *type;
    size_t offset;
    size_t has_offset;
    const char *clause; /* of TS 36.413 */
    enum s1ap_criticality criticality;
    uint16_t id;
    bool mandatory;
};
struct s1ap_table {
    const struct s1ap_row *rows;
    size_t n; /* at most 32 */
    size_t size;
};

struct s1ap_message_info {
    uint8_t procedure;
    enum s1ap_outcome outcome;
    const char *name;
    const char *clause;
    const struct s1ap_table *table;
};
/* NULL when there is no such message. */
const struct s1ap_message_info *s1ap_message_info(enum s1ap_message type);
/* S1AP_MESSAGE_COUNT when none has this code and outcome. */
enum s1ap_message s1ap_message_of(uint8_t procedure, enum s1ap_outcome outcome);

extern const struct s1ap_table s1ap_tables[S1AP_MESSAGE_COUNT];

/* Reading one message: where it goes wrong and what was not understood. */
struct s1ap_get {
    struct per_rd r;
    struct s1ap_fault *fault; /* NULL while walking a list that was checked before */
    size_t base;              /* octet of the message at which r begins */
    bool reject;              /* an IE that must be understood was not, or is missing */
};
/* Reads a value into an object of type->size octets. The reader's error E_UNSUPPORTED says that the
 * encoding is right and the value is not one that is known here. */
void s1ap_get_value(struct s1ap_get *g, const struct s1ap_type *type, void *out);
/* Reads a container of IEs, the count of at least `low` first. */
void s1ap_get_ies(struct s1ap_get *g, const struct s1ap_table *table, size_t low, void *out);
void s1ap_put_value(struct per_wr *w, const struct s1ap_type *type, const void *in);
void s1ap_put_ies(struct per_wr *w, const struct s1ap_table *table, size_t low, const void *in);

/* The next element of a list whose elements are of this type; false at the end. */
bool s1ap_next(struct s1ap_cursor *c, const struct s1ap_type *list, void *out);
/* A C object big enough for an element of any list. */
union s1ap_element {
    struct plmn plmn;
    struct s1ap_gummei gummei;
    struct s1ap_supported_ta supported_ta;
    struct s1ap_served_gummei served_gummei;
    struct s1ap_diagnostic diagnostic;
    struct s1ap_connection connection;
    struct s1ap_e_rab_to_be_setup e_rab_to_be_setup;
    struct s1ap_e_rab_setup e_rab_setup;
    struct s1ap_e_rab_failed e_rab_failed;
};

/* An unsigned of 1, 2, 4 or 8 octets in memory. */
uint64_t s1ap_load(const void *in, size_t size);
void s1ap_save(void *out, size_t size, uint64_t v);
/* PLMNidentity (9.2.3.8) has the digits of a three-digit MNC in another order than NAS and
 * id/plmn.h: all in sequence. Each of these turns three octets of one form into the other. */
void s1ap_plmn_to_nas(uint8_t v[static PLMN_LEN]);
void s1ap_plmn_from_nas(uint8_t v[static PLMN_LEN]);
/* Only characters of PrintableString (X.680 41.4)? */
bool s1ap_printable(struct bytes v);
/* The length of IPv4, IPv6 or both (9.2.2.1)? */
bool s1ap_address_length(size_t octets);

/* The types that tables name (s1ap_types.c). */
extern const struct s1ap_type s1ap_t_mme_ue_s1ap_id, s1ap_t_enb_ue_s1ap_id, s1ap_t_global_enb_id,
    s1ap_t_name, s1ap_t_supported_tas, s1ap_t_broadcast_plmns, s1ap_t_paging_drx, s1ap_t_opaque,
    s1ap_t_served_gummeis, s1ap_t_served_plmns, s1ap_t_served_group_ids, s1ap_t_served_mmecs,
    s1ap_t_capacity, s1ap_t_diagnostics, s1ap_t_diagnostic_ies, s1ap_t_cause, s1ap_t_time_to_wait,
    s1ap_t_octets, s1ap_t_tai, s1ap_t_eutran_cgi, s1ap_t_rrc_cause, s1ap_t_s_tmsi, s1ap_t_gummei,
    s1ap_t_gummei_type, s1ap_t_mme_group_id, s1ap_t_ue_usage_type, s1ap_t_subscriber_profile_id,
    s1ap_t_additional_guti, s1ap_t_ambr, s1ap_t_security_capabilities, s1ap_t_security_key,
    s1ap_t_e_rabs_to_be_setup, s1ap_t_e_rabs_setup, s1ap_t_e_rabs_failed, s1ap_t_ue_ids,
    s1ap_t_reset_type, s1ap_t_connections, s1ap_t_connections_ack, s1ap_t_overload_response,
    s1ap_t_gummeis, s1ap_t_load_reduction, s1ap_t_rat_type;

#endif
