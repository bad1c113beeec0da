// Checkpoints are read here and written by checkpoint_save.c, which says what stands in them. Loading reads and checks
// everything before it touches the trainer.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/checkpoint_parts.h"
#include "core/train/sections.h"

#define TEXT_LIMIT ((size_t)64 << 20)

struct progress {
    uint64_t steps, samples, epoch, position, fingerprint, seed;
    float scaling[SCALING_COUNT];
};

struct front { // what comes before the weights; front_clear releases it
    struct checkpoint_header header;
    struct progress progress;
    char *layers;
    struct parameter_change *changes;
    size_t change_count;
};

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

// False: makes no sense. Files of before there was a scale of gradients end here: it begins anew.
static bool unpack_scaling(struct unpacker *in, float scaling[SCALING_COUNT]) {
    const float most[SCALING_COUNT] = {SCALING_MOST, SCALING_PATIENCE, 0x1p24f};
    uint64_t values[SCALING_COUNT] = {(uint64_t)SCALING_START};
    bool there = in->left > 0, fits = true;
    for (int i = 0; i < SCALING_COUNT; i++) {
        values[i] = there ? unpack_u64(in) : values[i];
        fits = fits && values[i] <= (uint64_t)most[i];
        scaling[i] = (float)values[i];
    }
    uint64_t factor = values[SCALING_FACTOR];
    return fits && factor > 0 && (factor & (factor - 1)) == 0;
}

static enum status unpack_progress(struct unpacker *in, const char *path, struct front *front, struct error *error) {
    struct progress *progress = &front->progress;
    uint64_t *fields[] = {&progress->steps,    &progress->samples,     &progress->epoch,
                          &progress->position, &progress->fingerprint, &progress->seed};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        *fields[i] = unpack_u64(in);
    }
    bool scales = unpack_scaling(in, progress->scaling);
    if (in->failed || in->left > 0 || !scales || progress->seed != (uint64_t)front->header.params.seed) {
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

// Of the first line, which says how it is trained, what does not change while a run lives. Files of before said more.
static size_t head_length(const char *text, size_t length) {
    static const char *const live[] = {", averaged weights", ", class weights"};
    for (size_t i = 0; i < sizeof live / sizeof live[0]; i++) {
        const char *at = strstr(text, live[i]);
        length = at != NULL && (size_t)(at - text) < length ? (size_t)(at - text) : length;
    }
    return length;
}

// What the weights belong to. Dropout has none and may change while a run lives; a fork may be trained otherwise.
static void add_layers(struct str *out, const char *text, bool fork) {
    for (bool head = true; text[0] != '\0'; head = false) {
        size_t length = strcspn(text, "\n");
        if (head ? !fork : !text_starts(text, "dropout")) {
            str_add_bytes(out, text, head ? head_length(text, length) : length);
            str_add(out, "\n");
        }
        text += length + (text[length] != '\0');
    }
}

static enum status check_layers(const struct trainer *trainer, const char *path, const struct front *front, bool fork,
                                struct error *error) {
    struct str text = {0}, own = {0}, files = {0};
    checkpoint_layers(&text, trainer);
    add_layers(&own, str_text(&text), fork);
    add_layers(&files, front->layers, fork);
    enum status status = STATUS_OK;
    if (text.failed || own.failed || files.failed) {
        status = error_memory(error, "a description of the model", own.length);
    } else if (fork && strcmp(str_text(&own), str_text(&files)) != 0) {
        status = error_set(error, STATUS_INVALID,
                           "%s: a fork keeps the layers of its run, and these parameters make others", path);
    } else if (strcmp(str_text(&own), str_text(&files)) != 0) {
        status = error_set(
            error, STATUS_INVALID, "%s: the checkpoint is of another model (%.*s), not of this one (%.*s)", path,
            (int)strcspn(front->layers, "\n"), front->layers, (int)strcspn(str_text(&text), "\n"), str_text(&text));
    }
    str_free(&text);
    str_free(&own);
    str_free(&files);
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

static bool is_moment(int block) {
    return checkpoint_slots[block] == SLOT_MOMENT1 || checkpoint_slots[block] == SLOT_MOMENT2;
}

// How many floats a block has in the file: a fork may have another optimizer, or average weights where the file does
// not. -1: it is not in the file.
static int64_t count_in_file(const struct trainer *trainer, const struct train_params *params, int moments, int block) {
    if (checkpoint_slots[block] == SLOT_AVERAGE && params->ema <= 0)
        return -1;
    if (is_moment(block) && block - 2 >= moments)
        return 0;
    return (int64_t)(checkpoint_slots[block] == SLOT_STATE ? trainer->model->state_count
                                                           : trainer->model->weight_count);
}

static enum status read_weights(struct section_reader *reader, const struct trainer *trainer,
                                const struct train_params *params, float *blocks[CHECKPOINT_BLOCKS],
                                struct error *error) {
    const struct optimizer *optimizer = NULL;
    enum status status = optimizer_choose(params->optimizer, &optimizer, error);
    for (int i = 0; !status && i < CHECKPOINT_BLOCKS; i++) {
        int64_t known = count_in_file(trainer, params, optimizer->moments, i);
        size_t count = (size_t)known;
        if (known < 0)
            continue;
        blocks[i] = mem_alloc(count, sizeof *blocks[i]);
        status = blocks[i] == NULL
                     ? error_memory(error, reader->path, count * sizeof *blocks[i])
                     : sections_read_into(reader, checkpoint_tags[i], blocks[i], count * sizeof *blocks[i], error);
    }
    return status ? status : sections_end(reader, error);
}

// For prediction averaged weights, where there are any, are the weights.
static enum status write_blocks(struct trainer *trainer, float *const blocks[CHECKPOINT_BLOCKS], struct error *error) {
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < checkpoint_blocks(trainer); i++) {
        enum slot slot = trainer->predicts_only && checkpoint_slots[i] == SLOT_AVERAGE ? SLOT_WEIGHTS : checkpoint_slots[i];
        if (!trainer->predicts_only || slot == SLOT_WEIGHTS || slot == SLOT_STATE) {
            status = device_write(trainer, slot, checkpoint_count(trainer, i), blocks[i], error);
        }
    }
    return status;
}

// A fork keeps what the trainer was opened with; else the file's parameters hold, except those of the device.
static void choose_params(const struct trainer *trainer, bool fork, struct train_params *params) {
    struct train_params own = trainer->params;
    memcpy(params->device, own.device, sizeof params->device);
    memcpy(params->precision, own.precision, sizeof params->precision);
    params->threads = own.threads;
    if (fork)
        *params = own;
}

// Everything has been checked and is at hand; only the device could still fail.
static enum status take_over(struct trainer *trainer, struct front *front, bool fork,
                             float *const blocks[CHECKPOINT_BLOCKS], struct error *error) {
    struct train_params *params = &front->header.params;
    struct sampler next = trainer->sampler;
    bool other_seed = fork && trainer->params.seed != params->seed;
    sampler_seek(&next, front->progress.epoch, (size_t)front->progress.position);
    choose_params(trainer, fork, params);
    enum status status = live_take_over(trainer, params, &next, error);
    if (!status) {
        status = write_blocks(trainer, blocks, error);
    }
    if (!status) {
        status = device_write(trainer, SLOT_SCALING, SCALING_COUNT, front->progress.scaling, error);
    }
    if (status) {
        return status;
    }
    next.seed = other_seed ? (uint64_t)params->seed : front->progress.seed;
    next.ordered_epoch = UINT64_MAX;
    trainer->sampler = next;
    trainer->steps = front->progress.steps;
    trainer->samples = front->progress.samples;
    mem_free(trainer->changes);
    trainer->changes = front->changes;
    trainer->change_count = trainer->change_capacity = front->change_count;
    front->changes = NULL;
    return STATUS_OK;
}

// What another optimizer has gathered is worth nothing to this one, which begins with zeros; an average that was not
// kept so far begins with the weights.
static enum status convert_blocks(const struct trainer *trainer, const struct front *front,
                                  float *blocks[CHECKPOINT_BLOCKS], struct error *error) {
    bool same = strcmp(front->header.params.optimizer, trainer->params.optimizer) == 0;
    for (int i = 0; i < checkpoint_blocks(trainer); i++) {
        size_t count = checkpoint_count(trainer, i);
        bool average = checkpoint_slots[i] == SLOT_AVERAGE && blocks[i] == NULL;
        if (!average && (same || !is_moment(i)))
            continue;
        mem_free(blocks[i]);
        blocks[i] = mem_alloc(count, sizeof *blocks[i]);
        if (blocks[i] == NULL)
            return error_memory(error, "the moments of an optimizer", count * sizeof *blocks[i]);
        if (average)
            memcpy(blocks[i], blocks[0], count * sizeof *blocks[i]);
    }
    return STATUS_OK;
}

static enum status load_from(struct trainer *trainer, const char *path, bool fork, struct error *error) {
    struct section_reader reader = {0};
    struct front front = {0};
    float *blocks[CHECKPOINT_BLOCKS] = {NULL};
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
        status = check_layers(trainer, path, &front, fork, error);
    }
    if (!status) {
        status = check_data(trainer, path, &front, error);
    }
    if (!status) {
        status = read_weights(&reader, trainer, &front.header.params, blocks, error);
    }
    if (!status && fork) {
        status = convert_blocks(trainer, &front, blocks, error);
    }
    if (!status) {
        status = take_over(trainer, &front, fork, blocks, error);
    }
    sections_close(&reader);
    front_clear(&front);
    checkpoint_free(blocks);
    return status;
}

enum status trainer_load(struct trainer *trainer, const char *path, struct error *error) {
    return load_from(trainer, path, false, error);
}

enum status trainer_fork(struct trainer *trainer, const char *path, struct error *error) {
    return load_from(trainer, path, true, error);
}

// ---- for prediction ---------------------------------------------------------------------------------------------

static enum status check_encoding(const struct front *front, const char *path, const struct source *source,
                                  struct error *error) {
    const struct checkpoint_header *header = &front->header;
    struct shape sample = shape_make((int)header->sample_rank, header->sample);
    int64_t outputs = trainer_model_data(&header->params, source).outputs;
    char have[64], want[64];
    if (!shape_equal(sample, source->sample) || header->outputs != outputs) {
        return error_set(error, STATUS_INVALID,
                         "%s: the model reads %s and gives %lld outputs, but the data has %s and %lld", path,
                         shape_text(sample, want), (long long)header->outputs, shape_text(source->sample, have),
                         (long long)outputs);
    }
    return STATUS_OK;
}

// Before anything is allocated for the model: does the rest of the file hold that many weights?
static enum status check_size(const struct front *front, const struct section_reader *reader,
                              const struct source *source, struct error *error) {
    struct model *model = NULL;
    enum status status = 
        model_make(&front->header.params, trainer_model_data(&front->header.params, source), &model, error);
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
    float *blocks[CHECKPOINT_BLOCKS] = {NULL};
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
        status = check_layers(made, path, &front, false, error);
    }
    if (!status) {
        status = read_weights(&reader, made, &front.header.params, blocks, error);
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
    checkpoint_free(blocks);
    return status;
}
