#include "codec/nas_emm.h"
#include "codec/nas_rows.h"

#define X(name, type, direction, list) NAS_DESCRIPTION(name, type, direction, list)
NAS_EMM_MESSAGES(X)
#undef X
