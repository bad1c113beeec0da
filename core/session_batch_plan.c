#include "core/session_batch_plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend/augment.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/train/sampler.h"
#include "core/train/trainer.h"

#define RANGES 8                     // of a number: octiles of the training rows
#define RANGE_SAMPLE 262144          // rows looked at to find them
#define ROWS_AT_ONCE ((size_t)65536) // between two looks at the task

struct making {
    struct batch_plan *plan;
    const struct source *source;
    struct task *task;
    float edges[RANGES - 1]; // ascending; a number belongs to the first range whose edge it does not exceed
    size_t edge_count;
    uint8_t *slot_of_class; // [kinds]
    size_t *class_counts;   // [kinds] of the training part
    size_t *room;           // [kinds] zeros, between two uses
    uint32_t *kinds;        // [rows] kind of order[i]
};

// ---- slots of numbers -----------------------------------------------------------------------------------

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static enum status find_edges(struct making *making, struct error *error) {
    const struct source *source = making->source;
    size_t rows = source->part_count[PART_TRAIN], count = rows < RANGE_SAMPLE ? rows : RANGE_SAMPLE;
    float *sample = mem_alloc(count, sizeof *sample);
    if (!sample)
        return error_memory(error, "the ranges of the target", count * sizeof *sample);
    for (size_t i = 0; i < count; i++)
        sample[i] = source->targets[source->part_rows[PART_TRAIN][i * rows / count]];
    qsort(sample, count, sizeof *sample, compare_floats);
    for (size_t i = 1; i < RANGES; i++) {
        float edge = sample[(i * count - 1) / RANGES];
        if (edge < sample[count - 1] && (!making->edge_count || edge > making->edges[making->edge_count - 1]))
            making->edges[making->edge_count++] = edge;
    }
    mem_free(sample);
    return STATUS_OK;
}

static void label_ranges(struct making *making) {
    struct batch_plan *plan = making->plan;
    const struct source *source = making->source;
    for (size_t i = 0; i < plan->slot_count; i++) {
        char *label = plan->slots[i].label;
        size_t size = sizeof plan->slots[i].label;
        double low = i > 0 ? (double)making->edges[i - 1] * source->target_sd + source->target_mean : 0;
        double high = i < making->edge_count ? (double)making->edges[i] * source->target_sd + source->target_mean : 0;
        if (plan->slot_count == 1)
            snprintf(label, size, "all");
        else if (i == 0)
            snprintf(label, size, "≤ %.4g", high);
        else if (i == making->edge_count)
            snprintf(label, size, "> %.4g", low);
        else
            snprintf(label, size, "%.4g – %.4g", low, high);
    }
}

static size_t range_of(const struct making *making, float value) {
    size_t slot = 0;
    while (slot < making->edge_count && value > making->edges[slot])
        slot++;
    return slot;
}

// ---- slots of classes -----------------------------------------------------------------------------------

static void label_slot(struct batch_slot *slot, const struct source *source, size_t from, size_t to) {
    char first[64], last[64];
    snprintf(first, sizeof first, "%.40s", source->class_names[from]);
    snprintf(last, sizeof last, "%.20s", source->class_names[to - 1]);
    first[utf8_cut(first, strlen(first))] = last[utf8_cut(last, strlen(last))] = '\0';
    if (to - from == 1)
        snprintf(slot->label, sizeof slot->label, "%s", first);
    else
        snprintf(slot->label, sizeof slot->label, "%.22s … %s (%zu)", first, last, to - from);
    slot->label[utf8_cut(slot->label, strlen(slot->label))] = '\0';
}

// More classes than slots: neighbors share one, so that each has about as many rows.
static void fold_classes(struct making *making) {
    struct batch_plan *plan = making->plan;
    size_t classes = plan->kinds, slots = classes < BATCH_SLOTS ? classes : BATCH_SLOTS, from = 0, before = 0;
    plan->folded = classes > slots;
    for (size_t slot = 0; slot < slots; slot++) {
        size_t to = from, after = before, room = classes - (slots - slot - 1);
        double wanted = (double)plan->rows * (double)(slot + 1) / (double)slots;
        do
            after += making->class_counts[to++];
        while (plan->folded && to < room &&
               (slot + 1 == slots || (double)after + (double)making->class_counts[to] / 2 < wanted));
        for (size_t class = from; class < to; class ++)
            making->slot_of_class[class] = (uint8_t)slot;
        label_slot(&plan->slots[slot], making->source, from, to);
        from = to;
        before = after;
    }
    plan->slot_count = slots;
}

static void count_classes(struct making *making) {
    const struct source *source = making->source;
    for (size_t i = 0; i < source->part_count[PART_TRAIN]; i++)
        making->class_counts[source->labels[source->part_rows[PART_TRAIN][i]]]++;
}

// ---- what both have -------------------------------------------------------------------------------------

static size_t kind_of(const struct making *making, uint32_t row) {
    const struct source *source = making->source;
    return making->plan->ranges ? range_of(making, source->targets[row]) : (size_t)source->labels[row];
}

static size_t slot_of_kind(const struct making *making, size_t kind) {
    return making->plan->ranges ? kind : making->slot_of_class[kind];
}

static enum status make_kinds(struct making *making, struct error *error) {
    struct batch_plan *plan = making->plan;
    const struct source *source = making->source;
    enum status status = STATUS_OK;
    plan->ranges = source->task == SOURCE_REGRESS;
    if (plan->ranges)
        status = find_edges(making, error);
    plan->kinds = plan->ranges ? making->edge_count + 1 : source->classes;
    making->slot_of_class = mem_alloc(plan->kinds, sizeof *making->slot_of_class);
    making->class_counts = mem_alloc(plan->kinds, sizeof *making->class_counts);
    making->room = mem_alloc(plan->kinds, sizeof *making->room);
    if (!making->slot_of_class || !making->class_counts || !making->room)
        return error_memory(error, "the classes of a batch plan", plan->kinds * sizeof *making->room);
    if (plan->ranges) {
        plan->slot_count = plan->kinds;
        label_ranges(making);
    } else {
        count_classes(making);
        fold_classes(making);
    }
    return status;
}

static enum status count_parts(struct making *making, struct error *error) {
    const struct source *source = making->source;
    for (int part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < source->part_count[part]; i++) {
            making->plan->slots[slot_of_kind(making, kind_of(making, source->part_rows[part][i]))].counts[part]++;
            enum status status = i % ROWS_AT_ONCE ? STATUS_OK : task_step(making->task, 0, error);
            if (status)
                return status;
        }
    if (making->plan->ranges)
        for (size_t i = 0; i < making->plan->kinds; i++)
            making->class_counts[i] = making->plan->slots[i].counts[PART_TRAIN];
    return STATUS_OK;
}

static void find_spread(struct making *making) {
    struct batch_plan *plan = making->plan;
    double sum = 0;
    for (size_t i = 0; i < plan->kinds; i++) {
        double p = (double)making->class_counts[i] / (double)plan->rows;
        sum += p * (1 - p);
    }
    plan->spread = sqrt(sum / (double)plan->kinds);
}

// ---- the order ------------------------------------------------------------------------------------------

static enum status take_order(struct making *making, struct error *error) {
    struct batch_plan *plan = making->plan;
    struct sampler sampler;
    bool fresh;
    enum status status = sampler_open(&sampler, making->source->part_rows[PART_TRAIN], plan->rows, plan->seed, error);
    if (status)
        return status;
    sampler.epoch = plan->epoch;
    sampler_order(&sampler, &fresh);
    plan->order = sampler.order; // the plan's from now on
    sampler.order = NULL;
    sampler_close(&sampler);
    return task_step(making->task, plan->rows, error);
}

static enum status sum_up(struct making *making, struct error *error) {
    struct batch_plan *plan = making->plan;
    uint32_t running[BATCH_SLOTS] = {0};
    plan->slot_of = mem_alloc(plan->rows, sizeof *plan->slot_of);
    plan->sums = mem_alloc(plan->rows / BATCH_STRIDE + 1, sizeof *plan->sums);
    making->kinds = mem_alloc(plan->rows, sizeof *making->kinds);
    if (!plan->slot_of || !plan->sums || !making->kinds)
        return error_memory(error, "a batch plan", plan->rows * sizeof *making->kinds);
    for (size_t i = 0; i < plan->rows; i++) {
        if (i % BATCH_STRIDE == 0)
            memcpy(plan->sums[i / BATCH_STRIDE], running, sizeof running);
        enum status status = i % ROWS_AT_ONCE ? STATUS_OK : task_step(making->task, ROWS_AT_ONCE, error);
        if (status)
            return status;
        making->kinds[i] = (uint32_t)kind_of(making, plan->order[i]);
        size_t slot = slot_of_kind(making, making->kinds[i]);
        plan->slot_of[i] = (uint8_t)slot;
        running[slot]++;
    }
    if (plan->rows % BATCH_STRIDE == 0)
        memcpy(plan->sums[plan->rows / BATCH_STRIDE], running, sizeof running);
    return STATUS_OK;
}

// Σ over kinds of (share − p)² in one batch is Σ share² − 2 Σ share·p + Σ p²; only kinds that occur cost time.
static double deviation(struct making *making, size_t from, size_t batch) {
    const struct batch_plan *plan = making->plan;
    double squares = 0, products = 0;
    for (size_t i = from; i < from + batch; i++)
        making->room[making->kinds[i]]++;
    for (size_t i = from; i < from + batch; i++) {
        size_t kind = making->kinds[i];
        double count = (double)making->room[kind];
        squares += count * count;
        products += count * (double)making->class_counts[kind];
        making->room[kind] = 0;
    }
    double size = (double)batch, rows = (double)plan->rows;
    return squares / (size * size) - 2 * products / (size * rows);
}

// The same from the sums, where every kind is a slot and batches are long.
static double deviation_of_slots(const struct batch_plan *plan, size_t from, size_t batch) {
    size_t counts[BATCH_SLOTS];
    double squares = 0, products = 0, size = (double)batch, rows = (double)plan->rows;
    batch_plan_counts(plan, from, from + batch, counts);
    for (size_t i = 0; i < plan->slot_count; i++) {
        squares += (double)counts[i] * (double)counts[i];
        products += (double)counts[i] * (double)plan->slots[i].counts[PART_TRAIN];
    }
    return squares / (size * size) - 2 * products / (size * rows);
}

static enum status measure(struct making *making, size_t batch, double *measured, struct error *error) {
    struct batch_plan *plan = making->plan;
    size_t batches = batch ? plan->rows / batch : 0, looked = 0;
    bool sums = !plan->folded && batch >= BATCH_STRIDE;
    double sum = 0, squares = 0;
    *measured = NAN;
    for (size_t i = 0; i < plan->kinds; i++)
        squares += (double)making->class_counts[i] * (double)making->class_counts[i];
    for (size_t i = 0; i < batches; i++) {
        sum += sums ? deviation_of_slots(plan, i * batch, batch) : deviation(making, i * batch, batch);
        looked += batch;
        if (looked >= ROWS_AT_ONCE) {
            enum status status = task_step(making->task, looked, error);
            if (status)
                return status;
            looked = 0;
        }
    }
    double mean = sum / (double)batches + squares / ((double)plan->rows * (double)plan->rows);
    if (batches)
        *measured = sqrt(fmax(mean, 0) / (double)plan->kinds);
    return STATUS_OK;
}

static enum status measure_all(struct making *making, struct error *error) {
    struct batch_plan *plan = making->plan;
    enum status status = measure(making, plan->extra, &plan->measured_extra, error);
    plan->measured[0] = plan->spread; // every row is in one batch: by definition
    for (size_t i = 1; i < BATCH_POWERS && !status; i++)
        status = measure(making, (size_t)1 << i, &plan->measured[i], error);
    return status;
}

enum status batch_plan_make(const struct source *source, uint64_t seed, uint64_t epoch, size_t extra,
                            struct batch_plan **out, struct task *task, struct error *error) {
    size_t rows = source->part_count[PART_TRAIN];
    if (rows == 0)
        return error_set(error, STATUS_INVALID, "there are no training rows; lower the validation and test shares");
    struct batch_plan *plan = mem_alloc(1, sizeof *plan);
    if (!plan)
        return error_memory(error, "a batch plan", sizeof *plan);
    *plan = (struct batch_plan){.seed = seed, .epoch = epoch, .rows = rows, .extra = extra};
    plan->source = source_share((struct source *)(uintptr_t)source); // only counted
    struct making making = {.plan = plan, .source = source, .task = task};
    if (task)
        task_begin(task, "Shuffling", "rows", rows * (BATCH_POWERS + (extra ? 3u : 2u)));
    enum status status = make_kinds(&making, error);
    if (!status)
        status = count_parts(&making, error);
    if (!status) {
        find_spread(&making);
        status = take_order(&making, error);
    }
    if (!status)
        status = sum_up(&making, error);
    if (!status)
        status = measure_all(&making, error);
    mem_free(making.slot_of_class);
    mem_free(making.class_counts);
    mem_free(making.room);
    mem_free(making.kinds);
    if (status) {
        batch_plan_free(plan);
        return status;
    }
    *out = plan;
    return STATUS_OK;
}

void batch_plan_free(struct batch_plan *plan) {
    if (!plan)
        return;
    source_release(plan->source);
    mem_free(plan->order);
    mem_free(plan->slot_of);
    mem_free(plan->sums);
    mem_free(plan);
}

// ---- reading it -----------------------------------------------------------------------------------------

// Rows of each slot before `position`, added to or taken from `counts`.
static void add_before(const struct batch_plan *plan, size_t position, bool add, size_t counts[BATCH_SLOTS]) {
    size_t block = position / BATCH_STRIDE;
    size_t before[BATCH_SLOTS];
    for (size_t i = 0; i < BATCH_SLOTS; i++)
        before[i] = plan->sums[block][i];
    for (size_t i = block * BATCH_STRIDE; i < position; i++)
        before[plan->slot_of[i]]++;
    for (size_t i = 0; i < BATCH_SLOTS; i++)
        counts[i] = add ? counts[i] + before[i] : counts[i] - before[i];
}

void batch_plan_counts(const struct batch_plan *plan, size_t from, size_t to, size_t counts[BATCH_SLOTS]) {
    memset(counts, 0, BATCH_SLOTS * sizeof *counts);
    if (to - from < BATCH_STRIDE) {
        for (size_t i = from; i < to; i++)
            counts[plan->slot_of[i]]++;
        return;
    }
    add_before(plan, to, true, counts);
    add_before(plan, from, false, counts);
}

double batch_plan_error(const struct batch_plan *plan, size_t batch) {
    double rows = (double)plan->rows, size = (double)batch;
    if (batch == 0 || batch >= plan->rows)
        return batch == 0 ? (double)NAN : 0;
    return plan->spread * sqrt((rows - size) / ((rows - 1) * size));
}

double batch_plan_measured(const struct batch_plan *plan, size_t batch) {
    if (batch == plan->extra)
        return plan->measured_extra;
    for (size_t i = 0; i < BATCH_POWERS; i++)
        if (batch == (size_t)1 << i)
            return plan->measured[i];
    return NAN;
}

// ---- pictures -------------------------------------------------------------------------------------------

bool batch_plan_augments(const struct train_params *params) {
    return trainer_augments(params) != NULL;
}

static uint8_t level_of(double share) {
    return (uint8_t)lround(fmin(fmax(share, 0), 1) * 255);
}

void batch_plan_pixels(const struct batch_plan *plan, const struct train_params *params, size_t position,
                       uint8_t *pixels) {
    const struct source *source = plan->source;
    const int64_t *size = source->sample.size;
    uint32_t row = plan->order[position];
    struct augment augment = trainer_augment(params);
    struct augment_drawn drawn = augment_draw(&augment, plan->seed, plan->epoch, row, size[1], size[2]);
    const uint8_t *from = (const uint8_t *)source->features + row * (size_t)shape_count(source->sample);
    for (int64_t c = 0; c < size[0]; c++, from += size[1] * size[2]) {
        double mean = (double)source->pixel_mean[c < 4 ? c : 3];
        for (int64_t h = 0; h < size[1]; h++)
            for (int64_t w = 0; w < size[2]; w++) {
                int64_t y = augment_from(h, size[1], drawn.shift[0], drawn.crop[0], augment.crop_reflect);
                int64_t x = augment_from(drawn.flip ? size[2] - 1 - w : w, size[2], drawn.shift[1], drawn.crop[1],
                                         augment.crop_reflect);
                bool cut = h >= drawn.cut[0] && h - drawn.cut[0] < drawn.cut_size && w >= drawn.cut[1] &&
                           w - drawn.cut[1] < drawn.cut_size;
                bool inside = y >= 0 && x >= 0 && !cut;
                *pixels++ = level_of(inside ? augment_tone(from[y * size[2] + x] / 255.0, mean, &drawn) : mean);
            }
    }
}
