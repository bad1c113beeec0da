// Pipelines as lists of steps: making, copying, inserting, moving, removing.
#include "datasets/pipeline.h"

#include <assert.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/steps/state.h"

enum status pipeline_make(struct pipeline **pipeline, struct error *error) {
    struct pipeline *made = mem_alloc(1, sizeof *made);
    if (made == NULL)
        return error_memory(error, "a pipeline", sizeof *made);
    *pipeline = made;
    return STATUS_OK;
}

void pipeline_free(struct pipeline *pipeline) {
    if (pipeline == NULL)
        return;
    for (size_t i = 0; i < pipeline->count; i++)
        step_free(pipeline->steps[i]);
    mem_free(pipeline->steps);
    mem_free(pipeline);
}

enum status pipeline_insert(struct pipeline *pipeline, size_t index, const struct step_kind *kind,
                            struct error *error) {
    assert(index <= pipeline->count);
    struct step *step = step_make(kind, error);
    if (step == NULL)
        return STATUS_MEMORY;
    if (!vec_reserve(&pipeline->steps, &pipeline->capacity, pipeline->count + 1, sizeof(struct step *))) {
        step_free(step);
        return error_memory(error, "a step", sizeof(struct step *));
    }
    memmove(&pipeline->steps[index + 1], &pipeline->steps[index], (pipeline->count - index) * sizeof(struct step *));
    pipeline->steps[index] = step;
    pipeline->count++;
    return STATUS_OK;
}

void pipeline_remove(struct pipeline *pipeline, size_t index) {
    assert(index < pipeline->count);
    step_free(pipeline->steps[index]);
    pipeline->count--;
    memmove(&pipeline->steps[index], &pipeline->steps[index + 1], (pipeline->count - index) * sizeof(struct step *));
}

void pipeline_move(struct pipeline *pipeline, size_t from, size_t to) {
    assert(from < pipeline->count && to < pipeline->count);
    struct step *step = pipeline->steps[from];
    memmove(&pipeline->steps[from], &pipeline->steps[from + 1], (pipeline->count - from - 1) * sizeof(struct step *));
    memmove(&pipeline->steps[to + 1], &pipeline->steps[to], (pipeline->count - to - 1) * sizeof(struct step *));
    pipeline->steps[to] = step;
}

enum status pipeline_copy(const struct pipeline *pipeline, struct pipeline **copy, struct error *error) {
    struct pipeline *made = NULL;
    enum status status = pipeline_make(&made, error);
    for (size_t i = 0; i < pipeline->count && status == STATUS_OK; i++) {
        const struct step *step = pipeline->steps[i];
        status = pipeline_insert(made, i, step->kind, error);
        if (status != STATUS_OK)
            break;
        memcpy(made->steps[i]->settings, step->settings, step->kind->params->struct_size);
        made->steps[i]->enabled = step->enabled;
    }
    if (status == STATUS_OK)
        *copy = made;
    else
        pipeline_free(made);
    return status;
}
