// The backend "ref": plain loops on one thread, in float or double as the program's values ask.
// Slow, and right: the meaning of every operation.
#ifndef CORE_BACKEND_REF_H
#define CORE_BACKEND_REF_H

#include "core/backend/backend.h"

extern const struct backend_api ref_backend;

#endif
