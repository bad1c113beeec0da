// The table of steps. To add one: copy the smallest file (min_max.c), add a row here.
#include "datasets/steps/state.h"

#include <string.h>

#include "core/base/mem.h"

static const struct step_kind *const kinds[] = {
    // cleaning
    &step_drop_duplicates,
    &step_infinities,
    &step_missing,
    &step_outliers,
    &step_smooth,
    &step_near_equal,
    &step_check,
    // scaling
    &step_min_max,
    &step_standardize,
    &step_robust,
    &step_max_abs,
    &step_log1p,
    &step_yeo_johnson,
    &step_quantile,
    &step_normalize_images,
    // encoding
    &step_one_hot,
    &step_ordinal,
    &step_index,
    &step_target_encode,
    &step_date_parts,
    // columns
    &step_drop_columns,
    &step_keep_columns,
};

size_t step_kind_count(void) {
    return sizeof kinds / sizeof kinds[0];
}

const struct step_kind *step_kind_at(size_t index) {
    return kinds[index];
}

// '-' and '_' are the same.
static bool same_name(const char *a, const char *b) {
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        if ((*a == '_' ? '-' : *a) != (*b == '_' ? '-' : *b))
            return false;
    }
    return *a == *b;
}

const struct step_kind *step_kind_find(const char *name) {
    for (size_t i = 0; i < step_kind_count(); i++) {
        if (same_name(kinds[i]->name, name))
            return kinds[i];
    }
    return NULL;
}

struct step *step_make(const struct step_kind *kind, struct error *error) {
    struct step *step = mem_alloc(1, sizeof *step);
    if (step != NULL) {
        step->kind = kind;
        step->enabled = true;
        step->settings = mem_alloc(1, kind->params->struct_size);
        step->state = mem_alloc(1, kind->state_size);
    }
    if (step == NULL || step->settings == NULL || step->state == NULL) {
        step_free(step);
        error_memory(error, "a step", sizeof *step + kind->params->struct_size);
        return NULL;
    }
    params_defaults(kind->params, step->settings);
    return step;
}

void step_free(struct step *step) {
    if (step == NULL)
        return;
    if (step->state != NULL)
        step->kind->clear(step);
    mem_free(step->state);
    mem_free(step->settings);
    mem_free(step);
}

enum status step_set(struct step *step, const char *name, const char *text, struct error *error) {
    const struct param *row = params_find(step->kind->params, name);
    size_t length = strlen(text);
    if (row == NULL || row->type != PARAM_CHOICE || length >= PARAM_TEXT_SIZE)
        return params_set(step->kind->params, step->settings, name, text, error);
    char choice[PARAM_TEXT_SIZE];
    for (size_t i = 0; i <= length; i++)
        choice[i] = text[i] == '_' ? '-' : text[i];
    return params_set(step->kind->params, step->settings, name, choice, error);
}
