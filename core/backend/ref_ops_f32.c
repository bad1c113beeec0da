#define REAL float
#define REF_RUN ref_run_f32
#include "core/backend/ref_ops.inc.h"
