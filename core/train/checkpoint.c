// Checkpoints: a run as a file of sections (sections.h) in this order: PARM parameters as text, MODL
// shapes and layers, PROG counters, XTRA the caller's text, CHNG the log of changes, WGHT, STAT,
// MOM1, MOM2. Loading reads and checks everything before it touches the trainer.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/sections.h"
#include "core/train/state.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "weights are written as they lie in memory");

#define TEXT_LIMIT ((size_t)64 << 20)
#define SECTIONS 9

static const char *const block_tags[] = {"WGHT", "STAT", "MOM1", "MOM2"};
static const enum slot block_slots[] = {SLOT_WEIGHTS, SLOT_STATE, SLOT_MOMENT1, SLOT_MOMENT2};
enum { BLOCKS = sizeof block_slots / sizeof block_slots[0] };

struct progress {
    uint64_t steps, samples, epoch, position, fingerprint, seed;
};

struct front { // what comes before the weights; front_clear releases it
    struct checkpoint_header header;
    struct progress progress;
    char *layers;
    struct parameter_change *changes;
    size_t change_count;
};

static size_t block_count(const struct trainer *trainer, int block) {
    if (block_slots[block] == SLOT_STATE) {
        return trainer->model->state_count;
    }
    bool kept = block_slots[block] == SLOT_WEIGHTS || block - 2 < trainer->optimizer->moments;
    return kept ? trainer->model->weight_count : 0;
}

// ---- text of the sections ----------------------------------------------------------------------------------

static void pack_params(struct str *out, const struct train_params *params) {
    pack_u64(out, train_table.count);
    for (size_t i = 0; i < train_table.count; i++) {
        char text[PARAM_TEXT_SIZE];
        pack_text(out, train_table.rows[i].name);
        pack_text(out, params_get(&train_table.rows[i], params, text));
    }
}

// One line per layer: what must agree before weights can be taken over.
static void pack_layers(struct str *out, const struct trainer *trainer) {
    const struct model *model = trainer->model;
    str_format(out, "model %s, loss %s, optimizer %s\n", model->name, trainer->loss->name, trainer->optimizer->name);
    for (size_t i = 0; i < model->count; i++) {
        const struct layer *layer = &model->layers[i];
        char settings[96], shape[64];
        str_format(out, "%s: %s %s, output %s, %zu weights\n", layer->name, layer->kind->name,
                   layer->kind->describe(layer, settings), shape_text(layer->out, shape), layer->weight_count);
    }
}

static void pack_model(struct str *out, const struct trainer *trainer) {
    const struct model *model = trainer->model;
    pack_u64(out, (uint64_t)model->sample.rank);
    for (int i = 0; i < SHAPE_RANK; i++) {
        pack_u64(out, (uint64_t)model->sample.size[i]);
    }
    pack_u64(out, (uint64_t)model->outputs);
    pack_layers(out, trainer);
}

static void pack_progress(struct str *out, const struct trainer *trainer) {
    pack_u64(out, trainer->steps);
    pack_u64(out, trainer->samples);
    pack_u64(out, trainer->sampler.epoch);
    pack_u64(out, trainer->sampler.position);
    pack_u64(out, trainer->source->fingerprint);
    pack_u64(out, trainer->sampler.seed);
}

static void pack_changes(struct str *out, const struct trainer *trainer) {
    pack_u64(out, trainer->change_count);
    for (size_t i = 0; i < trainer->change_count; i++) {
        pack_u64(out, trainer->changes[i].step);
        pack_text(out, trainer->changes[i].name);
        pack_text(out, trainer->changes[i].from);
        pack_text(out, trainer->changes[i].to);
    }
}

// ---- saving --------------------------------------------------------------------------------------------------

static struct section section_of(const char *tag, const void *data, size_t length) {
    struct section section = {.data = data, .length = length};
    memcpy(section.tag, tag, 4);
    return section;
}

static enum status read_blocks(struct trainer *trainer, float *blocks[BLOCKS], struct error *error) {
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < BLOCKS; i++) {
        size_t count = block_count(trainer, i);
        blocks[i] = mem_alloc(count, sizeof *blocks[i]);
        status = blocks[i] == NULL ? error_memory(error, "a copy of the weights", count * sizeof *blocks[i])
                                   : device_read(trainer, block_slots[i], count, blocks[i], error);
    }
    return status;
}

static void free_blocks(float *blocks[BLOCKS]) {
    for (int i = 0; i < BLOCKS; i++) {
        mem_free(blocks[i]);
    }
}

enum status trainer_save(struct trainer *trainer, const char *path, const char *extra, struct error *error) {
    static const char *const tags[] = {"PARM", "MODL", "PROG", "XTRA", "CHNG"};
    struct str texts[5] = {{0}};
    float *blocks[BLOCKS] = {NULL};
    struct section sections[SECTIONS];
    if (trainer->predicts_only) {
        return error_set(error, STATUS_STATE, "this model was opened for prediction only; there is no run to save");
    }
    pack_params(&texts[0], &trainer->params);
    pack_model(&texts[1], trainer);
    pack_progress(&texts[2], trainer);
    pack_u64(&texts[3], extra != NULL);
    str_add(&texts[3], extra != NULL ? extra : "");
    pack_changes(&texts[4], trainer);
    enum status status = read_blocks(trainer, blocks, error);
    for (size_t i = 0; i < 5; i++) {
        if (!status && texts[i].failed) {
            status = error_memory(error, "a checkpoint", texts[i].length);
        }
        sections[i] = section_of(tags[i], str_text(&texts[i]), texts[i].length);
    }
    for (int i = 0; i < BLOCKS; i++) {
        sections[5 + i] = section_of(block_tags[i], blocks[i], block_count(trainer, i) * sizeof(float));
    }
    if (!status) {
        status = sections_write(path, sections, SECTIONS, error);
    }
    for (size_t i = 0; i < 5; i++) {
        str_free(&texts[i]);
    }
    free_blocks(blocks);
    return status;
}

// ---- reading what comes before the weights ---------------------------------------------------------------------

static enum status malformed(const char *path, const char *what, struct error *error) {
    return error_set(error, STATUS_INVALID, "%s: the checkpoint's %s make no sense; it was not written by this program",
                     path, what);
}

static enum status unpack_params(struct unpacker *in, const char *path, struct train_params *params,
                                 struct error *error) {
    uint64_t count = unpack_u64(in);
    params_defaults(&train_table, params);
    for (uint64_t i = 0; i < count && !in->failed; i++) {
        char name[PARAM_TEXT_SIZE], text[PARAM_TEXT_SIZE];
        unpack_text(in, name, sizeof name);
        unpack_text(in, text, sizeof text);
        if (in->failed) {
            break;
        }
        enum status status = params_set(&train_table, params, name, text, error);
        if (status) {
            error_prefix(error, "%s", path);
            return status;
        }
    }
    return in->failed || in->left > 0 ? malformed(path, "parameters", error) : STATUS_OK;
}

static enum status unpack_model(struct unpacker *in, const char *path, struct front *front, struct error *error) {
    struct checkpoint_header *header = &front->header;
    header->sample_rank = (int64_t)unpack_u64(in);
    for (int i = 0; i < SHAPE_RANK; i++) {
        header->sample[i] = (int64_t)unpack_u64(in);
    }
    header->outputs = (int64_t)unpack_u64(in);
    if (in->failed || header->sample_rank < 1 || header->sample_rank >= SHAPE_RANK || header->outputs < 1 ||
        shape_count(shape_make((int)header->sample_rank, header->sample)) < 1) {
        return malformed(path, "shapes", error);
    }
    front->layers = mem_string(in->data); // a NUL follows every section
    return front->layers == NULL ? error_memory(error, path, in->left) : STATUS_OK;
}

static enum status unpack_progress(struct unpacker *in, const char *path, struct front *front, struct error *error) {
    struct progress *progress = &front->progress;
    uint64_t *fields[] = {&progress->steps,    &progress->samples,     &progress->epoch,
                          &progress->position, &progress->fingerprint, &progress->seed};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        *fields[i] = unpack_u64(in);
    }
    if (in->failed || in->left > 0 || progress->seed != (uint64_t)front->header.params.seed) {
        return malformed(path, "counters", error);
    }
    front->header.step = progress->steps;
    front->header.fingerprint = progress->fingerprint;
    return STATUS_OK;
}

static enum status unpack_extra(struct unpacker *in, const char *path, struct front *front, struct error *error) {
    bool there = unpack_u64(in) != 0;
    if (in->failed || memchr(in->data, '\0', in->left) != NULL) {
        return malformed(path, "notes", error);
    }
    front->header.extra = there ? mem_string(in->data) : NULL;
    return there && front->header.extra == NULL ? error_memory(error, path, in->left) : STATUS_OK;
}

static enum status unpack_changes(struct unpacker *in, const char *path, struct front *front, struct error *error) {
    uint64_t count = unpack_u64(in);
    const uint64_t smallest = 4 * 8; // bytes of a change with three empty texts
    if (in->failed || count > in->left / smallest) {
        return malformed(path, "changes", error);
    }
    front->changes = mem_alloc((size_t)count, sizeof *front->changes);
    if (front->changes == NULL) {
        return error_memory(error, path, count * sizeof *front->changes);
    }
    for (uint64_t i = 0; i < count; i++) {
        struct parameter_change *change = &front->changes[i];
        change->step = unpack_u64(in);
        unpack_text(in, change->name, sizeof change->name);
        unpack_text(in, change->from, sizeof change->from);
        unpack_text(in, change->to, sizeof change->to);
    }
    front->change_count = (size_t)count;
    return in->failed || in->left > 0 ? malformed(path, "changes", error) : STATUS_OK;
}

static enum status unpack_header_params(struct unpacker *in, const char *path, struct front *front,
                                        struct error *error) {
    return unpack_params(in, path, &front->header.params, error);
}

static void front_clear(struct front *front) {
    checkpoint_header_clear(&front->header);
    mem_free(front->layers);
    mem_free(front->changes);
    *front = (struct front){0};
}

static enum status read_front(struct section_reader *reader, struct front *front, struct error *error) {
    static const struct {
        const char *tag;
        enum status (*unpack)(struct unpacker *in, const char *path, struct front *front, struct error *error);
    } parts[] = {
        {"PARM", unpack_header_params}, {"MODL", unpack_model},   {"PROG", unpack_progress},
        {"XTRA", unpack_extra},         {"CHNG", unpack_changes},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sizeof parts / sizeof parts[0]; i++) {
        char *data = NULL;
        size_t length = 0;
        status = sections_read(reader, parts[i].tag, TEXT_LIMIT, &data, &length, error);
        if (!status) {
            struct unpacker in = {.data = data, .left = length};
            status = parts[i].unpack(&in, reader->path, front, error);
        }
        mem_free(data);
    }
    return status;
}

enum status checkpoint_read_header(const char *path, struct checkpoint_header *header, struct error *error) {
    struct section_reader reader;
    struct front front = {0};
    enum status status = sections_open(&reader, path, error);
    if (status) {
        return status;
    }
    status = read_front(&reader, &front, error);
    sections_close(&reader);
    if (!status) {
        *header = front.header;
        front.header.extra = NULL;
    }
    front_clear(&front);
    return status;
}

void checkpoint_header_clear(struct checkpoint_header *header) {
    mem_free(header->extra);
    header->extra = NULL;
}

// ---- loading ---------------------------------------------------------------------------------------------------

static enum status check_layers(const struct trainer *trainer, const char *path, const struct front *front,
                                struct error *error) {
    struct str own = {0};
    pack_layers(&own, trainer);
    enum status status = STATUS_OK;
    if (own.failed) {
        status = error_memory(error, "a description of the model", own.length);
    } else if (strcmp(str_text(&own), front->layers) != 0) {
        status = error_set(
            error, STATUS_INVALID, "%s: the checkpoint is of another model (%.*s), not of this one (%.*s)", path,
            (int)strcspn(front->layers, "\n"), front->layers, (int)strcspn(str_text(&own), "\n"), str_text(&own));
    }
    str_free(&own);
    return status;
}

static enum status check_data(const struct trainer *trainer, const char *path, const struct front *front,
                              struct error *error) {
    const struct source *source = trainer->source;
    const struct progress *progress = &front->progress;
    if (progress->fingerprint != source->fingerprint) {
        return error_set(error, STATUS_INVALID,
                         "%s: the checkpoint belongs to other data, or to another preparation or split of it", path);
    }
    if (progress->position >= source->part_count[PART_TRAIN]) {
        return malformed(path, "counters", error);
    }
    return trainer_check(&front->header.params, source, error);
}

static enum status read_weights(struct section_reader *reader, const struct trainer *trainer, float *blocks[BLOCKS],
                                struct error *error) {
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < BLOCKS; i++) {
        size_t count = block_count(trainer, i);
        blocks[i] = mem_alloc(count, sizeof *blocks[i]);
        status = blocks[i] == NULL
                     ? error_memory(error, reader->path, count * sizeof *blocks[i])
                     : sections_read_into(reader, block_tags[i], blocks[i], count * sizeof *blocks[i], error);
    }
    return status ? status : sections_end(reader, error);
}

static enum status write_blocks(struct trainer *trainer, float *const blocks[BLOCKS], struct error *error) {
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < BLOCKS; i++) {
        if (!trainer->predicts_only || block_slots[i] == SLOT_WEIGHTS || block_slots[i] == SLOT_STATE) {
            status = device_write(trainer, block_slots[i], block_count(trainer, i), blocks[i], error);
        }
    }
    return status;
}

// Everything has been checked and is at hand; only the device could still fail.
static enum status take_over(struct trainer *trainer, struct front *front, float *const blocks[BLOCKS],
                             struct error *error) {
    struct train_params *params = &front->header.params;
    struct sampler next = trainer->sampler;
    sampler_seek(&next, front->progress.epoch, (size_t)front->progress.position);
    memcpy(params->device, trainer->params.device, sizeof params->device);
    memcpy(params->precision, trainer->params.precision, sizeof params->precision);
    params->threads = trainer->params.threads;
    enum status status = plans_ready(trainer, &next, (size_t)params->batch, params->drop_last, error);
    if (!status) {
        status = write_blocks(trainer, blocks, error);
    }
    if (status) {
        return status;
    }
    next.seed = front->progress.seed;
    next.ordered_epoch = UINT64_MAX;
    trainer->sampler = next;
    trainer->params = *params;
    trainer->steps = front->progress.steps;
    trainer->samples = front->progress.samples;
    mem_free(trainer->changes);
    trainer->changes = front->changes;
    trainer->change_count = trainer->change_capacity = front->change_count;
    front->changes = NULL;
    return STATUS_OK;
}

enum status trainer_load(struct trainer *trainer, const char *path, struct error *error) {
    struct section_reader reader = {0};
    struct front front = {0};
    float *blocks[BLOCKS] = {NULL};
    enum status status = STATUS_OK;
    if (trainer->predicts_only) {
        return error_set(error, STATUS_STATE,
                         "this model was opened for prediction only; open its run to load into it");
    }
    status = sections_open(&reader, path, error);
    if (!status) {
        status = read_front(&reader, &front, error);
    }
    if (!status) {
        status = check_layers(trainer, path, &front, error);
    }
    if (!status) {
        status = check_data(trainer, path, &front, error);
    }
    if (!status) {
        status = read_weights(&reader, trainer, blocks, error);
    }
    if (!status) {
        status = take_over(trainer, &front, blocks, error);
    }
    sections_close(&reader);
    front_clear(&front);
    free_blocks(blocks);
    return status;
}

// ---- for prediction ---------------------------------------------------------------------------------------------

static enum status check_encoding(const struct front *front, const char *path, const struct source *source,
                                  struct error *error) {
    const struct checkpoint_header *header = &front->header;
    struct shape sample = shape_make((int)header->sample_rank, header->sample);
    char have[64], want[64];
    if (!shape_equal(sample, source->sample) || header->outputs != source_outputs(source)) {
        return error_set(error, STATUS_INVALID,
                         "%s: the model reads %s and gives %lld outputs, but the data has %s and %lld", path,
                         shape_text(sample, want), (long long)header->outputs, shape_text(source->sample, have),
                         (long long)source_outputs(source));
    }
    return STATUS_OK;
}

// Before anything is allocated for the model: does the rest of the file hold that many weights?
static enum status check_size(const struct front *front, const struct section_reader *reader,
                              const struct source *source, struct error *error) {
    struct model *model = NULL;
    enum status status = model_make(&front->header.params, source->sample, source_outputs(source), &model, error);
    if (!status && model->weight_count > reader->left / sizeof(float)) {
        status =
            error_set(error, STATUS_INVALID, "%s: the checkpoint holds fewer weights than its model has", reader->path);
    }
    model_free(model);
    return status;
}

enum status trainer_open_checkpoint(struct trainer **trainer, const char *path, struct source *source,
                                    struct backend *backend, struct error *error) {
    struct section_reader reader = {0};
    struct front front = {0};
    float *blocks[BLOCKS] = {NULL};
    struct trainer *made = NULL;
    enum status status = sections_open(&reader, path, error);
    if (!status) {
        status = read_front(&reader, &front, error);
    }
    if (!status) {
        status = check_encoding(&front, path, source, error);
    }
    if (!status) {
        status = check_size(&front, &reader, source, error);
    }
    if (!status) {
        status = trainer_create(&made, &front.header.params, source, backend, true, error);
    }
    if (!status) {
        status = check_layers(made, path, &front, error);
    }
    if (!status) {
        status = read_weights(&reader, made, blocks, error);
    }
    if (!status) {
        status = write_blocks(made, blocks, error);
    }
    if (status) {
        trainer_close(made);
    } else {
        made->steps = front.progress.steps;
        made->samples = front.progress.samples;
        *trainer = made;
    }
    sections_close(&reader);
    front_clear(&front);
    free_blocks(blocks);
    return status;
}
