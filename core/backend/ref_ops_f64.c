#define REAL double
#define REF_RUN ref_run_f64
#include "core/backend/ref_ops.inc.h"
