#include "fd_constant.h"

#include <freeDiameter/freeDiameter-host.h>
/* The order matters: libfdcore.h and libfdproto.h stand on the one above. */
#include <freeDiameter/libfdcore.h>
#include <freeDiameter/libfdproto.h>
#include <stdint.h>

#define VENDOR_3GPP 10415
#define APP_S6A     16777251
#define AIR         318

/* ---- what freeDiameter's dictionary lacks ---- */

enum {
    D_VISITED_PLMN_ID,
    D_REQUESTED_EUTRAN,
    D_NUMBER_OF_VECTORS,
    D_IMMEDIATE_RESPONSE,
    D_AUTHENTICATION_INFO,
    D_E_UTRAN_VECTOR,
    D_ITEM_NUMBER,
    D_RAND,
    D_XRES,
    D_AUTN,
    D_KASME,
    OWN_AVPS,
    D_VSAI = OWN_AVPS,
    D_VENDOR_ID,
    D_AUTH_APPLICATION_ID,
    D_AUTH_SESSION_STATE,
    AVPS
};
struct own_avp {
    uint32_t code;
    const char *name;
    enum dict_avp_basetype type;
};
static const struct own_avp own_avps[OWN_AVPS] = {
    [D_VISITED_PLMN_ID] = {1407, "Visited-PLMN-Id", AVP_TYPE_OCTETSTRING},
    [D_REQUESTED_EUTRAN] = {1408, "Requested-EUTRAN-Authentication-Info", AVP_TYPE_GROUPED},
    [D_NUMBER_OF_VECTORS] = {1410, "Number-Of-Requested-Vectors", AVP_TYPE_UNSIGNED32},
    [D_IMMEDIATE_RESPONSE] = {1412, "Immediate-Response-Preferred", AVP_TYPE_UNSIGNED32},
    [D_AUTHENTICATION_INFO] = {1413, "Authentication-Info", AVP_TYPE_GROUPED},
    [D_E_UTRAN_VECTOR] = {1414, "E-UTRAN-Vector", AVP_TYPE_GROUPED},
    [D_ITEM_NUMBER] = {1419, "Item-Number", AVP_TYPE_UNSIGNED32},
    [D_RAND] = {1447, "RAND", AVP_TYPE_OCTETSTRING},
    [D_XRES] = {1448, "XRES", AVP_TYPE_OCTETSTRING},
    [D_AUTN] = {1449, "AUTN", AVP_TYPE_OCTETSTRING},
    [D_KASME] = {1450, "KASME", AVP_TYPE_OCTETSTRING},
};
static const char *const base_avps[AVPS - OWN_AVPS] = {
    "Vendor-Specific-Application-Id",
    "Vendor-Id",
    "Auth-Application-Id",
    "Auth-Session-State",
};
static struct dict_object *avp_model[AVPS];

/* The library takes names it never writes to as char *. */
static char *name(const char *text)
{
    return (char *)(uintptr_t)text;
}

static int add_avps(struct dictionary *d)
{
    int failed = 0;
    for (int i = 0; i < OWN_AVPS; i++) {
        struct dict_avp_data data = {
            .avp_code = own_avps[i].code,
            .avp_vendor = VENDOR_3GPP,
            .avp_name = name(own_avps[i].name),
            .avp_flag_mask = AVP_FLAG_VENDOR,
            .avp_flag_val = AVP_FLAG_VENDOR,
            .avp_basetype = own_avps[i].type,
        };
        failed |= fd_dict_new(d, DICT_AVP, &data, NULL, &avp_model[i]);
    }
    for (int i = OWN_AVPS; i < AVPS; i++) {
        failed |= fd_dict_search(d, DICT_AVP, AVP_BY_NAME, base_avps[i - OWN_AVPS], &avp_model[i],
                                 ENOENT);
    }
    return failed;
}

/* The application and its one command; *request is what the callback is registered for. */
static int add_application(struct dictionary *d, struct dict_object **vendor,
                           struct dict_object **app, struct dict_object **request)
{
    struct dict_vendor_data v = {VENDOR_3GPP, name("3GPP")};
    struct dict_application_data a = {APP_S6A, name("S6a")};
    struct dict_cmd_data cmd = {AIR, name("Authentication-Information-Request"),
                                CMD_FLAG_PROXIABLE | CMD_FLAG_REQUEST,
                                CMD_FLAG_PROXIABLE | CMD_FLAG_REQUEST};
    int failed = fd_dict_new(d, DICT_VENDOR, &v, NULL, vendor) != 0 ||
                 fd_dict_new(d, DICT_APPLICATION, &a, *vendor, app) != 0 ||
                 fd_dict_new(d, DICT_COMMAND, &cmd, *app, request) != 0;
    cmd.cmd_name = name("Authentication-Information-Answer");
    cmd.cmd_flag_val = CMD_FLAG_PROXIABLE;
    return failed || fd_dict_new(d, DICT_COMMAND, &cmd, *app, NULL) != 0;
}

/* ---- the answer ---- */

static int add_group(msg_or_avp *parent, int model, struct avp **out)
{
    int failed = fd_msg_avp_new(avp_model[model], 0, out);
    return failed != 0 ? failed : fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, *out);
}

static int add_value(msg_or_avp *parent, int model, union avp_value value)
{
    struct avp *avp;
    int failed = fd_msg_avp_new(avp_model[model], 0, &avp);
    if (failed == 0) {
        failed = fd_msg_avp_setvalue(avp, &value);
    }
    return failed != 0 ? failed : fd_msg_avp_add(parent, MSG_BRW_LAST_CHILD, avp);
}

static int add_u32(msg_or_avp *parent, int model, uint32_t v)
{
    return add_value(parent, model, (union avp_value){.u32 = v});
}

static int add_octets(msg_or_avp *parent, int model, size_t n)
{
    static uint8_t constant[32] = {0x5a};
    return add_value(parent, model, (union avp_value){.os = {constant, n}});
}

static int add_vector(struct msg *answer)
{
    struct avp *app;
    struct avp *info;
    struct avp *vector;
    return add_group(answer, D_VSAI, &app) || add_u32(app, D_VENDOR_ID, VENDOR_3GPP) ||
           add_u32(app, D_AUTH_APPLICATION_ID, APP_S6A) ||
           add_u32(answer, D_AUTH_SESSION_STATE, 1) ||
           add_group(answer, D_AUTHENTICATION_INFO, &info) ||
           add_group(info, D_E_UTRAN_VECTOR, &vector) || add_u32(vector, D_ITEM_NUMBER, 1) ||
           add_octets(vector, D_RAND, 16) || add_octets(vector, D_XRES, 8) ||
           add_octets(vector, D_AUTN, 16) || add_octets(vector, D_KASME, 32);
}

static int answer_air(struct msg **msg, struct avp *avp, struct session *session, void *opaque,
                      enum disp_action *action)
{
    (void)avp;
    (void)session;
    (void)opaque;
    if (msg == NULL) {
        return EINVAL;
    }
    if (fd_msg_new_answer_from_req(fd_g_config->cnf_dict, msg, 0) != 0 ||
        fd_msg_rescode_set(*msg, name("DIAMETER_SUCCESS"), NULL, NULL, 1) != 0 ||
        add_vector(*msg) != 0) {
        return EINVAL;
    }
    *action = DISP_ACT_SEND;
    return 0;
}

/* ---- the rest ---- */

static int any_peer(struct peer_info *info, int *auth, int (**cb2)(struct peer_info *))
{
    (void)cb2;
    info->config.pic_flags.sec = PI_SEC_NONE;
    *auth = 1;
    return 0;
}

int fd_constant_register(void)
{
    struct dict_object *vendor;
    struct dict_object *app;
    struct disp_when when = {0};
    struct dictionary *d = fd_g_config->cnf_dict;
    if (add_application(d, &vendor, &app, &when.command) != 0 || add_avps(d) != 0) {
        return 1;
    }
    when.app = app;
    return fd_disp_register(answer_air, DISP_HOW_CC, &when, NULL, NULL) != 0 ||
           fd_disp_app_support(app, vendor, 1, 0) != 0 || fd_peer_validate_register(any_peer) != 0;
}
