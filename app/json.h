// JSON on standard output, through cJSON. Numbers carry enough digits to read back the same bits; what
// JSON has no number for (NaN, infinity) is null.
#ifndef APP_JSON_H
#define APP_JSON_H

#include <cjson/cJSON.h>

#include "core/backend/telemetry.h"

void json_number(cJSON *object, const char *name, double value);
// A member "gpu": what the card is doing, or why it cannot be read.
void json_gpu(cJSON *object, const struct telemetry_reading *gpu);
void json_print_line(const cJSON *object); // one line

#endif
