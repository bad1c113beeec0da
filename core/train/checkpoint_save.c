// Writing checkpoints: a run as a file of sections (sections.h) in this order: PARM parameters as text, MODL
// shapes and layers, PROG counters, XTRA the caller's text, CHNG the log of changes, WGHT, STAT,
// MOM1, MOM2, and AVRG where weights are averaged.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/train/checkpoint_parts.h"
#include "core/train/sections.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "weights are written as they lie in memory");

const char *const checkpoint_tags[] = {"WGHT", "STAT", "MOM1", "MOM2", "AVRG"};
const enum slot checkpoint_slots[] = {SLOT_WEIGHTS, SLOT_STATE, SLOT_MOMENT1, SLOT_MOMENT2, SLOT_AVERAGE};

int checkpoint_blocks(const struct trainer *trainer) {
    return trainer->params.ema > 0 ? CHECKPOINT_BLOCKS : CHECKPOINT_BLOCKS - 1;
}

size_t checkpoint_count(const struct trainer *trainer, int block) {
    if (checkpoint_slots[block] == SLOT_STATE) {
        return trainer->model->state_count;
    }
    bool moment = checkpoint_slots[block] == SLOT_MOMENT1 || checkpoint_slots[block] == SLOT_MOMENT2;
    bool kept = !moment || block - 2 < trainer->optimizer->moments;
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

void checkpoint_layers(struct str *out, const struct trainer *trainer) {
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
    checkpoint_layers(out, trainer);
}

// The scale of gradients is three whole numbers.
static void pack_progress(struct str *out, const struct trainer *trainer, const float scaling[SCALING_COUNT]) {
    pack_u64(out, trainer->steps);
    pack_u64(out, trainer->samples);
    pack_u64(out, trainer->sampler.epoch);
    pack_u64(out, trainer->sampler.position);
    pack_u64(out, trainer->source->fingerprint);
    pack_u64(out, trainer->sampler.seed);
    for (int i = 0; i < SCALING_COUNT; i++) {
        pack_u64(out, (uint64_t)scaling[i]);
    }
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

static enum status read_blocks(struct trainer *trainer, float *blocks[CHECKPOINT_BLOCKS], struct error *error) {
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < checkpoint_blocks(trainer); i++) {
        size_t count = checkpoint_count(trainer, i);
        blocks[i] = mem_alloc(count, sizeof *blocks[i]);
        status = blocks[i] == NULL ? error_memory(error, "a copy of the weights", count * sizeof *blocks[i])
                                   : device_read(trainer, checkpoint_slots[i], count, blocks[i], error);
    }
    return status;
}

void checkpoint_free(float *blocks[CHECKPOINT_BLOCKS]) {
    for (int i = 0; i < CHECKPOINT_BLOCKS; i++) {
        mem_free(blocks[i]);
    }
}

enum { TEXTS = 4 }; // sections of text, without the caller's

struct held_checkpoint {
    struct str texts[TEXTS];
    float *blocks[CHECKPOINT_BLOCKS];
    size_t counts[CHECKPOINT_BLOCKS];
    int block_count;
};

static void pack_texts(struct held_checkpoint *held, const struct trainer *trainer,
                       const float scaling[SCALING_COUNT]) {
    pack_params(&held->texts[0], &trainer->params);
    pack_model(&held->texts[1], trainer);
    pack_progress(&held->texts[2], trainer, scaling);
    pack_changes(&held->texts[3], trainer);
}

enum status trainer_hold(struct trainer *trainer, struct held_checkpoint **held, struct error *error) {
    if (trainer->predicts_only) {
        return error_set(error, STATUS_STATE, "this model was opened for prediction only; there is no run to save");
    }
    struct held_checkpoint *made = mem_alloc(1, sizeof *made);
    if (made == NULL) {
        return error_memory(error, "a checkpoint", sizeof *made);
    }
    made->block_count = checkpoint_blocks(trainer);
    for (int i = 0; i < made->block_count; i++) {
        made->counts[i] = checkpoint_count(trainer, i);
    }
    float scaling[SCALING_COUNT];
    enum status status = device_read(trainer, SLOT_SCALING, SCALING_COUNT, scaling, error);
    if (!status) {
        pack_texts(made, trainer, scaling);
        status = read_blocks(trainer, made->blocks, error);
    }
    for (size_t i = 0; !status && i < TEXTS; i++) {
        if (made->texts[i].failed) {
            status = error_memory(error, "a checkpoint", made->texts[i].length);
        }
    }
    if (status) {
        held_free(made);
        return status;
    }
    *held = made;
    return STATUS_OK;
}

enum status held_write(const struct held_checkpoint *held, const char *path, const char *extra, struct error *error) {
    static const char *const tags[] = {"PARM", "MODL", "PROG", "XTRA", "CHNG"};
    struct section sections[TEXTS + 1 + CHECKPOINT_BLOCKS];
    struct str own = {0};
    pack_u64(&own, extra != NULL);
    str_add(&own, extra != NULL ? extra : "");
    if (own.failed) {
        str_free(&own);
        return error_memory(error, "a checkpoint", own.length);
    }
    const struct str *texts[] = {&held->texts[0], &held->texts[1], &held->texts[2], &own, &held->texts[3]};
    for (size_t i = 0; i <= TEXTS; i++) {
        sections[i] = section_of(tags[i], str_text(texts[i]), texts[i]->length);
    }
    for (int i = 0; i < held->block_count; i++) {
        sections[TEXTS + 1 + i] = section_of(checkpoint_tags[i], held->blocks[i], held->counts[i] * sizeof(float));
    }
    enum status status = sections_write(path, sections, TEXTS + 1 + (size_t)held->block_count, error);
    str_free(&own);
    return status;
}

void held_free(struct held_checkpoint *held) {
    if (held == NULL) {
        return;
    }
    for (size_t i = 0; i < TEXTS; i++) {
        str_free(&held->texts[i]);
    }
    checkpoint_free(held->blocks);
    mem_free(held);
}

enum status trainer_save(struct trainer *trainer, const char *path, const char *extra, struct error *error) {
    struct held_checkpoint *held = NULL;
    enum status status = trainer_hold(trainer, &held, error);
    if (!status) {
        status = held_write(held, path, extra, error);
    }
    held_free(held);
    return status;
}
