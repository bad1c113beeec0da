// Sources whose features lie in a file, or are more than the device has room for: their rows come there batch by batch.
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

int stage_regions(const struct backend *backend) {
    return backend->api->upload_ahead != NULL ? STAGE_REGIONS_MOST : 1;
}

static enum status make_buffers(struct trainer *trainer, size_t capacity, struct stage *made, struct error *error) {
    const struct backend_api *api = trainer->backend->api;
    const struct source *source = trainer->source;
    size_t count, rows;
    made->regions = stage_regions(trainer->backend);
    made->ahead.count = 0;
    if (!size_multiply(capacity, (size_t)made->regions, &rows) || !size_multiply(rows, source_row_bytes(source), &made->bytes) ||
        !size_add(made->bytes, rows * (sizeof(float) + sizeof(int32_t)), &made->bytes)) {
        return error_memory(error, "the rows of a batch", capacity);
    }
    made->capacity = capacity;
    trainer->device.bytes += made->bytes;
    count = rows * (size_t)shape_count(source->sample);
    enum status status = api->allocate(trainer->backend, source->dtype, count, &made->features, error);
    if (!status) {
        status = api->allocate(trainer->backend, truth_type(trainer), rows, &made->truth, error);
    }
    if (!status) {
        status = api->allocate(trainer->backend, DTYPE_I32, capacity, &made->rows, error);
    }
    made->numbers = mem_alloc(rows, sizeof *made->numbers);
    if (!status && made->numbers == NULL) {
        status = error_memory(error, "row numbers", rows * sizeof *made->numbers);
    }
    for (size_t i = 0; !status && i < rows; i++) {
        made->numbers[i] = (int32_t)i;
    }
    if (!status) {
        status = api->upload(trainer->backend, made->rows, 0, capacity, made->numbers + (rows - capacity), error);
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

typedef enum status upload_function(struct backend *backend, struct buffer *buffer, size_t offset, size_t count,
                                    const void *data, struct error *error);

// To row `first` of the buffers on.
static enum status upload(struct trainer *trainer, upload_function *way, size_t first, const struct feed_span *span,
                          struct error *error) {
    const struct stage *stage = &trainer->device.stage;
    size_t elements = (size_t)shape_count(trainer->source->sample);
    enum status status = way(trainer->backend, stage->features, first * elements, span->count * elements,
                             span->features, error);
    return status ? status : way(trainer->backend, stage->truth, first, span->count, span->truth, error);
}

static struct feed_place place_at(const struct trainer *trainer, const struct sampler *sampler) {
    uint64_t epochs = (uint64_t)trainer->params.epochs, epoch = sampler->epoch;
    return (struct feed_place){.epoch = epoch,
                               .epochs = epoch < epochs ? epochs : epoch + 1, // trainer_step_at goes on after the last
                               .position = sampler->position};
}

struct feed_place stage_place(const struct trainer *trainer) {
    return place_at(trainer, &trainer->sampler);
}

// `batch` rows from `place` on, in region `region`.
static enum status bring(struct trainer *trainer, upload_function *way, struct feed_place place, size_t batch,
                         int region, struct error *error) {
    const struct stage *stage = &trainer->device.stage;
    enum status status = STATUS_OK;
    for (size_t done = 0; done < batch && !status;) {
        struct feed_span span = {0};
        status = feed_take(stage->feed, place, batch - done, &span, error);
        if (!status) {
            status = upload(trainer, way, (size_t)region * stage->capacity + done, &span, error);
        }
        done += span.count;
        place.position += span.count;
    }
    return status;
}

static enum status number(struct trainer *trainer, size_t first, size_t count, int region, struct error *error) {
    const struct stage *stage = &trainer->device.stage;
    return trainer->backend->api->upload(trainer->backend, stage->train_rows, first, count,
                                         stage->numbers + (size_t)region * stage->capacity, error);
}

static int other_region(const struct stage *stage) {
    return stage->regions > 1 ? 1 - stage->region : 0;
}

bool stage_has(const struct trainer *trainer, size_t batch) {
    const struct stage *stage = &trainer->device.stage;
    return stage->ahead.count == batch && stage->ahead.epoch == trainer->sampler.epoch &&
           stage->ahead.position == trainer->sampler.position;
}

enum status stage_step(struct trainer *trainer, size_t batch, struct error *error) {
    struct stage *stage = &trainer->device.stage;
    bool there = stage_has(trainer, batch);
    int region = there ? stage->ahead.region : other_region(stage);
    enum status status = STATUS_OK;
    stage->ahead.count = 0;
    if (!there) { // what was brought ahead and is not wanted may still be on its way: by the same way, behind it
        const struct backend_api *api = trainer->backend->api;
        status = bring(trainer, api->upload_ahead != NULL ? api->upload_ahead : api->upload, stage_place(trainer), batch,
                       region, error);
    }
    if (status) {
        return status;
    }
    stage->region = region;
    return number(trainer, trainer->sampler.position, batch, region, error);
}

enum status stage_ahead(struct trainer *trainer, size_t batch, struct error *error) {
    struct stage *stage = &trainer->device.stage;
    struct sampler next = trainer->sampler;
    const struct train_params *params = &trainer->params;
    bool ready = false;
    if (trainer->backend->api->upload_ahead == NULL || stage->feed == NULL || stage->ahead.count > 0) {
        return STATUS_OK;
    }
    sampler_advance(&next, batch, (size_t)params->batch, params->drop_last);
    size_t count = sampler_next(&next, (size_t)params->batch);
    if (next.epoch >= (uint64_t)params->epochs || count > stage->capacity || count > feed_most_ready(stage->feed)) {
        return STATUS_OK;
    }
    struct feed_place place = place_at(trainer, &next);
    enum status status = feed_wait(stage->feed, place, count, 0, &ready, error);
    if (status || !ready) {
        return STATUS_OK; // what went wrong is told by the step that needs the rows
    }
    int region = other_region(stage);
    status = bring(trainer, trainer->backend->api->upload_ahead, place, count, region, error);
    if (!status) {
        stage->ahead.epoch = place.epoch;
        stage->ahead.position = place.position;
        stage->ahead.count = count;
        stage->ahead.region = region;
    }
    return status;
}

int32_t stage_first(const struct trainer *trainer) {
    const struct stage *stage = &trainer->device.stage;
    return stage->numbers[(size_t)(stage->regions - 1) * stage->capacity];
}

enum status stage_again(struct trainer *trainer, size_t first, size_t count, struct error *error) {
    enum status status = stage_rows(trainer, trainer->sampler.order + first, count, error);
    return status ? status : number(trainer, first, count, trainer->device.stage.regions - 1, error);
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
        status = upload(trainer, trainer->backend->api->upload, (size_t)stage_first(trainer), &span, error);
    }
    mem_free(features);
    return status;
}
