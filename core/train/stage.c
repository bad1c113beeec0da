// Sources whose features lie in a file: their rows come to the device batch by batch.
#include <assert.h>

#include "core/base/mem.h"
#include "core/train/state.h"

#define RING_BYTES ((uint64_t)8 << 20)       // of rows read ahead, about
#define RING_BYTES_MOST ((uint64_t)64 << 20) // for several large batches

static enum dtype truth_type(const struct trainer *trainer) {
    return trainer->source->task == SOURCE_CLASSIFY ? DTYPE_I32 : DTYPE_F32;
}

// Several batches and a good run of small rows, but little of the memory that is left: it is short.
static size_t ring_places(const struct trainer *trainer) {
    uint64_t row = source_row_bytes(trainer->source), share = mem_left() / 16;
    size_t batches = 4 * (size_t)trainer->params.batch;
    size_t places = (size_t)((share < RING_BYTES ? share : RING_BYTES) / row);
    size_t most = (size_t)((share < RING_BYTES_MOST ? share : RING_BYTES_MOST) / row);
    places = places > batches ? places : batches < most ? batches : most;
    places =
        places < 4 * trainer->source->part_count[PART_TRAIN] ? places : 4 * trainer->source->part_count[PART_TRAIN];
    return places < 16 ? 16 : places;
}

static void bind(struct trainer *trainer) {
    const struct stage *stage = &trainer->device.stage;
    enum slot truth = trainer->source->task == SOURCE_CLASSIFY ? SLOT_LABELS : SLOT_TARGETS;
    const enum plan_use uses[] = {PLAN_TRAIN, PLAN_EVALUATE};
    for (int i = 0; i < 2; i++) {
        struct buffer **slots = trainer->device.bindings[uses[i]].slots;
        slots[SLOT_FEATURES] = stage->features;
        slots[truth] = stage->truth;
        slots[SLOT_ROWS] = stage->rows;
    }
    trainer->device.bindings[PLAN_TRAIN].slots[SLOT_ROWS] = stage->train_rows;
}

static void release_buffers(struct trainer *trainer, struct stage *stage) {
    const struct backend_api *api = trainer->backend->api;
    api->release(trainer->backend, stage->features);
    api->release(trainer->backend, stage->truth);
    api->release(trainer->backend, stage->rows);
    mem_free(stage->numbers);
    trainer->device.bytes -= stage->bytes;
    stage->numbers = NULL;
    stage->features = stage->truth = stage->rows = NULL;
    stage->capacity = stage->bytes = 0;
}

static enum status make_buffers(struct trainer *trainer, size_t rows, struct stage *made, struct error *error) {
    const struct backend_api *api = trainer->backend->api;
    const struct source *source = trainer->source;
    size_t count;
    if (!size_multiply(rows, source_row_bytes(source), &made->bytes) ||
        !size_add(made->bytes, rows * (sizeof(float) + sizeof(int32_t)), &made->bytes)) {
        return error_memory(error, "the rows of a batch", rows);
    }
    made->capacity = rows;
    trainer->device.bytes += made->bytes;
    count = rows * (size_t)shape_count(source->sample);
    enum status status = api->allocate(trainer->backend, source->dtype, count, &made->features, error);
    if (!status) {
        status = api->allocate(trainer->backend, truth_type(trainer), rows, &made->truth, error);
    }
    if (!status) {
        status = api->allocate(trainer->backend, DTYPE_I32, rows, &made->rows, error);
    }
    made->numbers = mem_alloc(rows, sizeof *made->numbers);
    if (!status && made->numbers == NULL) {
        status = error_memory(error, "row numbers", rows * sizeof *made->numbers);
    }
    for (size_t i = 0; !status && i < rows; i++) {
        made->numbers[i] = (int32_t)i;
    }
    if (!status) {
        status = api->upload(trainer->backend, made->rows, 0, rows, made->numbers, error);
    }
    if (status) {
        release_buffers(trainer, made);
    }
    return status;
}

enum status stage_reserve(struct trainer *trainer, size_t rows, struct error *error) {
    struct stage *stage = &trainer->device.stage, made = *stage;
    made.features = made.truth = made.rows = NULL;
    made.numbers = NULL;
    if (rows <= stage->capacity) {
        return STATUS_OK;
    }
    enum status status = make_buffers(trainer, rows, &made, error);
    if (status) {
        return status;
    }
    plans_close(trainer);
    release_buffers(trainer, stage);
    *stage = made;
    bind(trainer);
    return STATUS_OK;
}

static enum status open_train_rows(struct trainer *trainer, struct stage *stage, struct error *error) {
    size_t count = trainer->source->part_count[PART_TRAIN];
    enum status status = trainer->backend->api->allocate(trainer->backend, DTYPE_I32, count, &stage->train_rows, error);
    if (!status) {
        stage->train_count = count;
        trainer->device.bytes += count * sizeof(int32_t);
    }
    return status;
}

enum status stage_open(struct trainer *trainer, struct error *error) {
    size_t batch = trainer->predicts_only ? 0 : (size_t)trainer->params.batch, chunk = trainer->device.chunk;
    struct stage *stage = &trainer->device.stage;
    assert(trainer->source->sample.rank == 1); // changes of pictures are keyed by row numbers, which a stage has not
    enum status status = trainer->predicts_only ? STATUS_OK : open_train_rows(trainer, stage, error);
    if (!status) {
        status = stage_reserve(trainer, batch > chunk ? batch : chunk, error);
    }
    if (!status && !trainer->predicts_only) {
        status = feed_open(&stage->feed, trainer->source, (uint64_t)trainer->params.seed, ring_places(trainer), error);
    }
    if (status) {
        stage_close(trainer, stage);
    }
    return status;
}

void stage_close(struct trainer *trainer, struct stage *stage) {
    feed_close(stage->feed);
    stage->feed = NULL;
    release_buffers(trainer, stage);
    if (stage->train_rows != NULL) {
        trainer->device.bytes -= stage->train_count * sizeof(int32_t);
        trainer->backend->api->release(trainer->backend, stage->train_rows);
        stage->train_rows = NULL;
    }
}

static enum status upload(struct trainer *trainer, size_t first, const struct feed_span *span, struct error *error) {
    const struct backend_api *api = trainer->backend->api;
    const struct stage *stage = &trainer->device.stage;
    size_t elements = (size_t)shape_count(trainer->source->sample);
    enum status status =
        api->upload(trainer->backend, stage->features, first * elements, span->count * elements, span->features, error);
    return status ? status : api->upload(trainer->backend, stage->truth, first, span->count, span->truth, error);
}

struct feed_place stage_place(const struct trainer *trainer) {
    uint64_t epochs = (uint64_t)trainer->params.epochs, epoch = trainer->sampler.epoch;
    return (struct feed_place){.epoch = epoch,
                               .epochs = epoch < epochs ? epochs : epoch + 1, // trainer_step_at goes on after the last
                               .position = trainer->sampler.position};
}

enum status stage_step(struct trainer *trainer, size_t batch, struct error *error) {
    struct feed_place place = stage_place(trainer);
    enum status status = STATUS_OK;
    for (size_t done = 0; done < batch && !status;) {
        struct feed_span span = {0};
        status = feed_take(trainer->device.stage.feed, place, batch - done, &span, error);
        if (!status) {
            status = upload(trainer, done, &span, error);
        }
        done += span.count;
        place.position += span.count;
    }
    const struct stage *stage = &trainer->device.stage;
    return status ? status
                  : trainer->backend->api->upload(trainer->backend, stage->train_rows, trainer->sampler.position, batch,
                                                  stage->numbers, error);
}

enum status stage_rows(struct trainer *trainer, const uint32_t *rows, size_t count, struct error *error) {
    const struct source *source = trainer->source;
    const uint32_t *all = source->labels ? (const void *)source->labels : (const void *)source->targets;
    char *features = mem_alloc(count, source_row_bytes(source) + sizeof *all);
    if (features == NULL) {
        return error_memory(error, "rows to evaluate", count * source_row_bytes(source));
    }
    uint32_t *truth = (uint32_t *)(void *)(features + count * source_row_bytes(source));
    for (size_t i = 0; i < count; i++) {
        truth[i] = all[rows[i]];
    }
    struct feed_span span = {.features = features, .truth = truth, .count = count};
    enum status status = source_gather(source, rows, count, features, error);
    if (!status) {
        status = upload(trainer, 0, &span, error);
    }
    mem_free(features);
    return status;
}
