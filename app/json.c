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

void json_print_line(const cJSON *object) {
    char *text = cJSON_PrintUnformatted(object);
    if (text)
        puts(text);
    cJSON_free(text);
}
