#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/engine/runner.h"

static const char member[] = "epoch_so_far", best_member[] = "best_so_far", lab_member[] = "lab_so_far";

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

static uint64_t read_count(const cJSON *object, const char *name) {
    double value = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return value >= 0 && value < 9007199254740992.0 ? (uint64_t)value : 0;
}

static bool add_best(cJSON *extra, const struct best_epoch *best) {
    cJSON_DeleteItemFromObjectCaseSensitive(extra, best_member);
    cJSON *object = best->epoch > 0 ? cJSON_AddObjectToObject(extra, best_member) : NULL;
    return best->epoch == 0 || (object && cJSON_AddNumberToObject(object, "epoch", (double)best->epoch) &&
                                add_bits(object, "loss", best->loss));
}

static const struct {
    const char *name;
    size_t offset; // of a double in a lab_state
} lab_fields[] = {
#define FIELD(field) {#field, offsetof(struct lab_state, field)}
    FIELD(noise.count),    FIELD(noise.weight),      FIELD(noise.weight_sq), FIELD(noise.trace), FIELD(noise.gradient),
    FIELD(noise.trace_sq), FIELD(noise.gradient_sq), FIELD(noise.product),   FIELD(noise.parts), FIELD(ramp_from),
    FIELD(adapted),
#undef FIELD
};
enum { LAB_FIELDS = sizeof lab_fields / sizeof *lab_fields };

static double *lab_field(struct lab_state *lab, size_t index) {
    return (double *)(void *)((char *)lab + lab_fields[index].offset);
}

static bool add_lab(cJSON *extra, struct lab_state lab_now) {
    struct lab_state *lab = &lab_now;
    cJSON_DeleteItemFromObjectCaseSensitive(extra, lab_member);
    cJSON *object = cJSON_AddObjectToObject(extra, lab_member);
    bool added = object && cJSON_AddNumberToObject(object, "base_batch", (double)lab->base_batch) &&
                 cJSON_AddNumberToObject(object, "ramp_step", (double)lab->ramp_step);
    for (size_t i = 0; added && i < LAB_FIELDS; i++)
        added = *lab_field(lab, i) == 0 || add_bits(object, lab_fields[i].name, *lab_field(lab, i));
    return added;
}

static void read_lab(const cJSON *extra, struct lab_state *lab) {
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(extra, lab_member);
    *lab = (struct lab_state){.base_batch = (int64_t)read_count(object, "base_batch"),
                              .ramp_step = read_count(object, "ramp_step")};
    for (size_t i = 0; i < LAB_FIELDS; i++)
        *lab_field(lab, i) = read_bits(object, lab_fields[i].name);
}

struct runner_extra runner_extra(const struct runner *runner) {
    return (struct runner_extra){runner->sums, runner->best, runner->lab.state};
}

char *extra_text(cJSON *extra, const struct runner_extra *own) {
    const struct epoch_sums *sums = &own->sums;
    cJSON_DeleteItemFromObjectCaseSensitive(extra, member);
    cJSON *object = cJSON_AddObjectToObject(extra, member);
    bool made = object && cJSON_AddNumberToObject(object, "rows", (double)sums->rows) &&
                add_bits(object, "loss", sums->loss) && add_bits(object, "weight", sums->weight) &&
                cJSON_AddNumberToObject(object, "steps", (double)sums->steps) &&
                cJSON_AddNumberToObject(object, "clipped", (double)sums->clipped) &&
                cJSON_AddNumberToObject(object, "skipped", (double)sums->skipped) &&
                add_bits(object, "correct", sums->correct) && add_bits(object, "squared", sums->squared) &&
                add_bits(object, "seconds", sums->seconds);
    bool all = made && add_best(extra, &own->best) && add_lab(extra, own->lab);
    char *printed = all ? cJSON_PrintUnformatted(extra) : NULL;
    char *text = printed ? mem_string(printed) : NULL;
    cJSON_free(printed);
    return text;
}

void extra_read(struct runner *runner, const char *text) {
    struct epoch_sums *sums = &runner->sums;
    *sums = (struct epoch_sums){0};
    runner->best = (struct best_epoch){0};
    cJSON *extra = text ? cJSON_Parse(text) : NULL;
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(extra, member);
    double rows = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, "rows"));
    if (rows >= 1 && rows < 9007199254740992.0) {
        sums->rows = (uint64_t)rows;
        sums->loss = read_bits(object, "loss");
        sums->weight = read_bits(object, "weight");
        sums->steps = read_count(object, "steps");
        sums->clipped = read_count(object, "clipped");
        sums->skipped = read_count(object, "skipped");
        sums->correct = read_bits(object, "correct");
        sums->squared = read_bits(object, "squared");
        sums->seconds = read_bits(object, "seconds");
    }
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(extra, best_member);
    if (found)
        runner->best = (struct best_epoch){read_count(found, "epoch"), read_bits(found, "loss")};
    read_lab(extra, &runner->lab.state);
    cJSON_Delete(extra);
}
