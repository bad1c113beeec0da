#include "core/train/loss.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

static const struct loss losses[] = {
    {"cross_entropy", SOURCE_CLASSIFY, OP_SOFTMAX_CROSS_ENTROPY},
    {"binary", SOURCE_CLASSIFY, OP_BINARY_CROSS_ENTROPY},
    {"squared", SOURCE_REGRESS, OP_SQUARED_ERROR},
    {"absolute", SOURCE_REGRESS, OP_ABSOLUTE_ERROR},
    {"huber", SOURCE_REGRESS, OP_HUBER},
};
enum { LOSSES = sizeof losses / sizeof losses[0] };

enum status loss_choose(const char *name, enum source_task task, const struct loss **loss, struct error *error) {
    const char *fitting = "";
    for (size_t i = LOSSES; i-- > 0;) {
        bool fits = losses[i].task == task;
        fitting = fits ? losses[i].name : fitting;
        if (fits && strcmp(name, losses[i].name) == 0) {
            *loss = &losses[i];
            return STATUS_OK;
        }
    }
    for (size_t i = 0; strcmp(name, "auto") == 0 && i < LOSSES; i++) {
        if (losses[i].task == task) {
            *loss = &losses[i];
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID, "loss %s does not fit a target of %s; choose %s or auto", name,
                     task == SOURCE_CLASSIFY ? "classes" : "numbers", fitting);
}

enum status loss_fits(const struct loss *loss, const struct source *source, struct error *error) {
    if (loss->op != OP_BINARY_CROSS_ENTROPY || source->classes == 2) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_INVALID,
                     "loss binary tells two classes apart, and the target has %zu; choose cross_entropy or auto",
                     source->classes);
}

const char *loss_task_name(const char *name) {
    for (size_t i = 0; i < LOSSES; i++) {
        if (strcmp(name, losses[i].name) == 0) {
            return losses[i].task == SOURCE_CLASSIFY ? "classify" : "regress";
        }
    }
    return "auto";
}

int64_t loss_outputs(const char *name, const struct source *source) {
    bool one = source->task == SOURCE_REGRESS || strcmp(name, "binary") == 0;
    return one ? 1 : (int64_t)source->classes;
}

value_id loss_write(const struct loss *loss, struct program *program, enum dtype real, value_id logits, value_id truth,
                    bool weighted, bool wanted) {
    value_id gradient = VALUE_NONE, weights = VALUE_NONE;
    if (wanted && !program->failed) {
        gradient = program_temporary(program, real, program->values[logits].shape);
    }
    if (weighted && !program->failed) {
        int64_t logit_count = program->values[logits].shape.size[1];
        struct shape classes = shape_make(1, (int64_t[]){logit_count == 1 ? 2 : logit_count});
        weights = program_value(program, SLOT_CLASS_WEIGHTS, 0, real, classes);
    }
    struct op *op = program_op(program, loss->op);
    op->in[0] = logits;
    op->in[1] = truth;
    op->in[2] = weights;
    op->out[0] = gradient;
    return gradient;
}

// ---- weights of classes --------------------------------------------------------------------------

bool loss_weighted(const struct train_params *params, const struct source *source) {
    return source->task == SOURCE_CLASSIFY && strcmp(params->class_weights, "none") != 0;
}

static enum status balance(const struct source *source, float *weights, struct error *error) {
    size_t *counts = mem_alloc(source->classes, sizeof *counts), present = 0, rows = source->part_count[PART_TRAIN];
    if (counts == NULL) {
        return error_memory(error, "counts of the classes", source->classes * sizeof *counts);
    }
    for (size_t i = 0; i < rows; i++) {
        present += counts[source->labels[source->part_rows[PART_TRAIN][i]]]++ == 0;
    }
    for (size_t c = 0; c < source->classes; c++) {
        weights[c] = counts[c] > 0 ? (float)((double)rows / ((double)present * (double)counts[c])) : 1;
    }
    mem_free(counts);
    return STATUS_OK;
}

static size_t class_named(const struct source *source, const char *name, size_t length) {
    size_t c = 0;
    while (c < source->classes &&
           (strlen(source->class_names[c]) != length || memcmp(source->class_names[c], name, length) != 0)) {
        c++;
    }
    return c;
}

// One entry of the list, [text, text + length), the `index`-th. False: no class of that name or number above 0.
static bool read_entry(const struct source *source, const char *text, size_t length, size_t index, float *weights) {
    char digits[64];
    size_t name = length;
    double value;
    for (size_t i = 0; i < length; i++) { // a name may hold an equals sign itself: the last one counts
        name = text[i] == '=' ? i : name;
    }
    size_t class = name < length ? class_named(source, text, name) : index;
    size_t first = name < length ? name + 1 : 0;
    if (class >= source->classes || length - first >= sizeof digits) {
        return false;
    }
    memcpy(digits, text + first, length - first);
    digits[length - first] = '\0';
    if (!number_parse(digits, &value) || !(value > 0) || value > 1e6) {
        return false;
    }
    weights[class] = (float)value;
    return true;
}

static enum status read_list(const char *list, const struct source *source, float *weights, struct error *error) {
    size_t index = 0, named = 0;
    for (size_t c = 0; c < source->classes; c++) {
        weights[c] = 1;
    }
    for (const char *at = list; at != NULL; index++) {
        size_t length = strcspn(at, ",");
        if (!read_entry(source, at, length, index, weights)) {
            return error_set(error, STATUS_INVALID,
                             "class weights: \"%.*s\" is not a number above 0, nor NAME=NUMBER of a class (%s, %s …)",
                             (int)(length < 60 ? length : 60), at, source->class_names[0], source->class_names[1]);
        }
        named += memchr(at, '=', length) != NULL;
        at = at[length] == ',' ? at + length + 1 : NULL;
    }
    if (named == index || (named == 0 && index == source->classes)) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_INVALID,
                     "class weights: there are %zu for %zu classes; give one number for each, or NAME=NUMBER for some",
                     index, source->classes);
}

enum status loss_class_weights(const struct train_params *params, const struct source *source, float *weights,
                               struct error *error) {
    bool balanced = strcmp(params->class_weights, "balanced") == 0;
    float *own = weights == NULL ? mem_alloc(source->classes, sizeof *own) : NULL;
    if (weights == NULL && own == NULL) {
        return error_memory(error, "weights of classes", source->classes * sizeof *own);
    }
    float *to = weights != NULL ? weights : own;
    enum status status = balanced ? balance(source, to, error) : read_list(params->class_weights, source, to, error);
    mem_free(own);
    return status;
}
