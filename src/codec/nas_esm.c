#include "codec/nas_esm.h"
#include "codec/nas_rows.h"

#define X(name, type, direction, list) NAS_DESCRIPTION(name, type, direction, list)
NAS_ESM_MESSAGES(X)
#undef X
