// Other rows for a run that goes on.
#include <string.h>

#include "core/train/state.h"

bool trainer_between_epochs(const struct trainer *trainer) {
    return !trainer->predicts_only && trainer->sampler.position == 0;
}

// What weights have learned means the same in both.
static enum status check_encoding(const struct source *old, const struct source *source, struct error *error) {
    bool same = old->dtype == source->dtype && shape_equal(old->sample, source->sample) && old->task == source->task &&
                old->classes == source->classes && old->target_mean == source->target_mean &&
                old->target_sd == source->target_sd &&
                memcmp(old->pixel_mean, source->pixel_mean, sizeof old->pixel_mean) == 0 &&
                memcmp(old->pixel_sd, source->pixel_sd, sizeof old->pixel_sd) == 0;
    same = same && (old->categories == NULL) == (source->categories == NULL);
    for (size_t i = 0; same && old->categories != NULL && i < (size_t)old->sample.size[0]; i++) {
        same = old->categories[i] == source->categories[i];
    }
    for (size_t i = 0; same && i < old->classes; i++) {
        same = strcmp(old->class_names[i], source->class_names[i]) == 0;
    }
    return same ? STATUS_OK
                : error_set(error, STATUS_INVALID,
                            "the rows are encoded in another way than those of the run; start a new run for them");
}

// Plans know the buffers and how many rows they hold: those of the old data go, new ones are made when they are used.
static enum status change_data(struct trainer *trainer, struct error *error) {
    const struct source *source = trainer->source;
    struct sampler next = {0};
    enum status status = sampler_open(&next, source->part_rows[PART_TRAIN], source->part_count[PART_TRAIN],
                                      trainer->sampler.seed, error);
    if (!status) {
        plans_close(trainer);
        status = device_change_data(trainer, error);
    }
    if (status) {
        sampler_close(&next);
        return status;
    }
    sampler_seek(&next, trainer->sampler.epoch, 0);
    sampler_close(&trainer->sampler);
    trainer->sampler = next;
    return STATUS_OK;
}

enum status trainer_change_source(struct trainer *trainer, struct source *source, struct error *error) {
    struct source *old = trainer->source;
    if (!trainer_between_epochs(trainer)) {
        return error_set(error, STATUS_STATE, "rows can change between two epochs only; this one is not over");
    }
    enum status status = check_encoding(old, source, error);
    if (!status) {
        status = trainer_check(&trainer->params, source, error);
    }
    if (status) {
        return status;
    }
    trainer->source = source_share(source);
    status = change_data(trainer, error);
    if (status) {
        trainer->source = old;
    }
    source_release(status ? source : old);
    return status;
}
