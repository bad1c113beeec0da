#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/runner.h"

static const char member[] = "epoch_so_far";

// Hexadecimal floats: every bit comes back.
static bool add_bits(cJSON *object, const char *name, double value) {
    char text[40];
    snprintf(text, sizeof text, "%a", value);
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

static double read_bits(const cJSON *object, const char *name) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? strtod(text, NULL) : 0;
}

char *extra_text(cJSON *extra, const struct epoch_sums *sums) {
    cJSON_DeleteItemFromObjectCaseSensitive(extra, member);
    cJSON *object = cJSON_AddObjectToObject(extra, member);
    bool made = object && cJSON_AddNumberToObject(object, "rows", (double)sums->rows) &&
                add_bits(object, "loss", sums->loss) && add_bits(object, "correct", sums->correct) &&
                add_bits(object, "squared", sums->squared) && add_bits(object, "seconds", sums->seconds);
    char *printed = made ? cJSON_PrintUnformatted(extra) : NULL;
    char *text = printed ? mem_string(printed) : NULL;
    cJSON_free(printed);
    return text;
}

void extra_read_sums(const char *text, struct epoch_sums *sums) {
    *sums = (struct epoch_sums){0};
    cJSON *extra = text ? cJSON_Parse(text) : NULL;
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(extra, member);
    double rows = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, "rows"));
    if (rows >= 1 && rows < 9007199254740992.0) {
        sums->rows = (uint64_t)rows;
        sums->loss = read_bits(object, "loss");
        sums->correct = read_bits(object, "correct");
        sums->squared = read_bits(object, "squared");
        sums->seconds = read_bits(object, "seconds");
    }
    cJSON_Delete(extra);
}
