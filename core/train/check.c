// Parameters that are each in range may still not go together, or not with the data.
#include <string.h>

#include "core/train/schedule.h"
#include "core/train/state.h"

struct model_data trainer_model_data(const struct train_params *params, const struct source *source) {
    return (struct model_data){
        .sample = source->sample,
        .outputs = loss_outputs(params->loss, source),
        .categories = source->categories,
        .names = source->feature_names,
    };
}

// A struct filled by hand may hold what params_set would have refused: nan, 0, −1.
static enum status check_ranges(const struct train_params *params, struct error *error) {
    struct train_params copy = *params;
    for (size_t i = 0; i < train_table.count; i++) {
        const struct param *row = &train_table.rows[i];
        char text[PARAM_TEXT_SIZE];
        if (row->type != PARAM_INTEGER && row->type != PARAM_REAL) {
            continue;
        }
        enum status status = params_set(&train_table, &copy, row->name, params_get(row, params, text), error);
        if (status) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status check_batch(const struct train_params *params, const struct source *source, struct error *error) {
    size_t rows = source->part_count[PART_TRAIN];
    if (rows == 0) {
        return error_set(error, STATUS_INVALID, "there are no training rows; lower the validation and test shares");
    }
    if ((uint64_t)params->batch > rows) {
        return error_set(error, STATUS_INVALID,
                         "batch size %lld is larger than the %zu training rows; choose at most %zu",
                         (long long)params->batch, rows, rows);
    }
    return STATUS_OK;
}

struct augment trainer_augment(const struct train_params *params) {
    return (struct augment){
        .crop_padding = (int)params->crop_padding,
        .crop_reflect = strcmp(params->crop_fill, "reflect") == 0,
        .flip = params->flip,
        .translation = (int)params->translation,
        .cutout = (int)params->cutout,
        .brightness = params->brightness,
        .contrast = params->contrast,
    };
}

const char *trainer_augments(const struct train_params *params) {
    return params->flip               ? "flip"
           : params->crop_padding > 0 ? "crop padding"
           : params->translation > 0  ? "translation"
           : params->cutout > 0       ? "cut-out"
           : params->brightness > 0   ? "brightness"
           : params->contrast > 0     ? "contrast"
                                      : NULL;
}

static enum status check_images(const struct train_params *params, const struct source *source, struct error *error) {
    if (source->sample.rank != 3 && trainer_augments(params) != NULL) {
        return error_set(error, STATUS_INVALID, "%s is for images, and this data is a table; switch it off",
                         trainer_augments(params));
    }
    return STATUS_OK;
}

static enum status check_patience(const struct train_params *params, const struct source *source, struct error *error) {
    if (params->patience > 0 && source->part_count[PART_VALIDATION] == 0) {
        return error_set(error, STATUS_INVALID,
                         "patience waits for a better validation loss, and there are no validation rows; raise the "
                         "validation share, or set patience to 0");
    }
    return STATUS_OK;
}

static enum status check_rules(const struct train_params *params, struct error *error) {
    const char *schedule = params->schedule;
    bool falls = strcmp(schedule, "step") == 0 || strcmp(schedule, "cosine") == 0 || strcmp(schedule, "polynomial") == 0;
    if (strcmp(params->batch_rule, "increase") == 0 && !falls) {
        return error_set(error, STATUS_INVALID,
                         "the batch rule increase takes the place of a schedule that only falls, and schedule is %s; "
                         "choose step, cosine or polynomial",
                         schedule);
    }
    return STATUS_OK;
}

// What only classes can have.
static enum status check_classes(const struct train_params *params, const struct source *source, struct error *error) {
    bool smooth = params->label_smoothing > 0, weighted = strcmp(params->class_weights, "none") != 0;
    if (source->task == SOURCE_REGRESS && (smooth || weighted)) {
        return error_set(error, STATUS_INVALID, "%s for classes, and the target is numbers; set %s",
                         smooth ? "label smoothing is" : "class weights are", smooth ? "it to 0" : "them to none");
    }
    return weighted ? loss_class_weights(params, source, NULL, error) : STATUS_OK;
}

enum status trainer_check(const struct train_params *params, const struct source *source, struct error *error) {
    const struct loss *loss;
    const struct optimizer *optimizer;
    enum status status = check_ranges(params, error);
    if (!status) {
        status = check_batch(params, source, error);
    }
    if (!status) {
        status = check_images(params, source, error);
    }
    if (!status) {
        status = loss_choose(params->loss, source->task, &loss, error);
    }
    if (!status) {
        status = loss_fits(loss, source, error);
    }
    if (!status) {
        status = check_patience(params, source, error);
    }
    if (!status) {
        status = check_classes(params, source, error);
    }
    if (!status) {
        status = check_rules(params, error);
    }
    if (!status) {
        status = optimizer_choose(params->optimizer, &optimizer, error);
    }
    if (!status && schedule_find(params->schedule) == NULL) {
        status = error_set(error, STATUS_INVALID, "schedule %s: there is none of that name", params->schedule);
    }
    return status;
}
