#include "app/json.h"

#include <math.h>
#include <stdio.h>

#include "core/base/str.h"

void json_number(cJSON *object, const char *name, double value) {
    char text[32];
    if (isfinite(value))
        cJSON_AddRawToObject(object, name, number_text(value, text));
    else
        cJSON_AddNullToObject(object, name);
}

void json_gpu(cJSON *object, const struct telemetry_reading *gpu) {
    cJSON *figures = cJSON_AddObjectToObject(object, "gpu");
    if (gpu->lost[0])
        cJSON_AddStringToObject(figures, "reason", gpu->lost);
    json_number(figures, "busy", gpu->busy);
    json_number(figures, "memory_used", gpu->memory_used);
    json_number(figures, "watts", gpu->watts);
    json_number(figures, "celsius", gpu->celsius);
    json_number(figures, "clock_mhz", gpu->clock);
    json_number(figures, "memory_clock_mhz", gpu->memory_clock);
}

void json_print_line(const cJSON *object) {
    char *text = cJSON_PrintUnformatted(object);
    if (text)
        puts(text);
    cJSON_free(text);
}
