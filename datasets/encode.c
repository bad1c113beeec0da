// Sources: from prepared tables and image sets to the numbers a model reads.
#include "datasets/encode.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "core/base/checksum.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/images.h"
#include "datasets/steps/state.h"
#include "datasets/target.h"

#define HASHED_AT_ONCE ((size_t)1 << 20) // bytes

// ---- an empty source ------------------------------------------------------------------------------------

void names_free(char **names, size_t count) {
    for (size_t i = 0; names && i < count; i++)
        mem_free(names[i]);
    mem_free(names);
}

char **names_copy(char *const *names, size_t count, struct error *error) {
    char **copy = mem_alloc(count + 1, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = mem_string(names[i]);
        if (!copy[i]) {
            names_free(copy, i);
            copy = NULL;
        }
    }
    if (!copy)
        error_memory(error, "names", count * sizeof *copy);
    return copy;
}

// `owner` is the image set of a source of images; else features are the source's own.
static void destroy(struct source *source) {
    if (source->owner)
        images_free(source->owner);
    else
        mem_free((void *)(uintptr_t)source->features);
    if (source->file >= 0)
        close(source->file);
    mem_free((void *)(uintptr_t)source->labels);
    mem_free((void *)(uintptr_t)source->targets);
    names_free(source->class_names, source->classes);
    if (source->feature_names)
        names_free(source->feature_names, (size_t)source->sample.size[0]);
    for (int part = 0; part < PART_COUNT; part++)
        mem_free(source->part_rows[part]);
    mem_free(source->origin);
    mem_free(source->categories);
    mem_free(source->target_name);
    mem_free(source);
}

struct source *source_begin(struct error *error) {
    struct source *source = mem_alloc(1, sizeof *source);
    if (!source) {
        error_memory(error, "a batch source", sizeof *source);
        return NULL;
    }
    atomic_init(&source->references, 1);
    source->file = -1;
    source->target_sd = 1;
    source->destroy = destroy;
    for (int i = 0; i < 4; i++)
        source->pixel_sd[i] = 1;
    return source;
}

enum status source_share_images(struct source *source, struct image_set *images, const struct prepared *prepared,
                                struct error *error) {
    int64_t size[3] = {(int64_t)images->channels, (int64_t)images->height, (int64_t)images->width};
    source->owner = images_share(images);
    source->features = images->pixels;
    source->dtype = DTYPE_U8;
    source->rows = images->count;
    source->sample = shape_make(3, size);
    source->origin = mem_alloc(images->count + 1, sizeof *source->origin);
    if (!source->origin)
        return error_memory(error, "row numbers", images->count * sizeof *source->origin);
    for (size_t i = 0; i < images->count; i++)
        source->origin[i] = i;
    memcpy(source->pixel_mean, prepared->pixel_mean, sizeof source->pixel_mean);
    memcpy(source->pixel_sd, prepared->pixel_sd, sizeof source->pixel_sd);
    return STATUS_OK;
}

enum status source_parts(struct source *source, const uint8_t *part_of, struct error *error) {
    size_t counts[PART_COUNT] = {0};
    for (size_t i = 0; i < source->rows; i++)
        counts[part_of[i]]++;
    for (int part = 0; part < PART_COUNT; part++) {
        source->part_rows[part] = mem_alloc(counts[part] + 1, sizeof *source->part_rows[part]);
        if (!source->part_rows[part])
            return error_memory(error, "the parts", counts[part] * sizeof *source->part_rows[part]);
    }
    for (size_t i = 0; i < source->rows; i++)
        source->part_rows[part_of[i]][source->part_count[part_of[i]]++] = (uint32_t)i;
    return STATUS_OK;
}

// Of all features, `hash` mixed in.
static enum status hash_features(const struct source *source, uint64_t *hash, struct error *error) {
    size_t row = source_row_bytes(source), most = (HASHED_AT_ONCE / row / 8 + 1) * 8;
    if (source->features) {
        *hash = checksum_hash64(source->features, source->rows * row, *hash);
        return STATUS_OK;
    }
    struct checksum_hash state = checksum_hash_begin(*hash);
    char *rows = mem_alloc(most, row);
    enum status status = rows ? STATUS_OK : error_memory(error, "a block of rows", most * row);
    for (size_t at = 0; at < source->rows && !status; at += most) {
        size_t count = source->rows - at < most ? source->rows - at : most;
        status = source_read(source, at, count, rows, error);
        if (!status)
            checksum_hash_add(&state, rows, count * row);
    }
    mem_free(rows);
    *hash = checksum_hash_end(&state);
    return status;
}

enum status source_seal(struct source *source, struct error *error) {
    uint64_t hash = checksum_hash64(&source->rows, sizeof source->rows, source->task);
    enum status status = hash_features(source, &hash, error);
    if (source->labels)
        hash = checksum_hash64(source->labels, source->rows * sizeof *source->labels, hash);
    if (source->targets)
        hash = checksum_hash64(source->targets, source->rows * sizeof *source->targets, hash);
    if (source->categories)
        hash = checksum_hash64(source->categories, (size_t)source->sample.size[0] * sizeof *source->categories, hash);
    hash = checksum_hash64(source->pixel_mean, sizeof source->pixel_mean, hash);
    hash = checksum_hash64(source->pixel_sd, sizeof source->pixel_sd, hash);
    for (int part = 0; part < PART_COUNT; part++)
        hash = checksum_hash64(source->part_rows[part], source->part_count[part] * sizeof(uint32_t), hash);
    source->fingerprint = hash;
    return status;
}

// ---- a table with a target ------------------------------------------------------------------------------

// Numbers first, then indices, each in the table's order. `room`: for `count` of them.
static void indices_last(const struct table *table, int *picked, size_t count, int *room) {
    size_t numbers = 0, indices = 0;
    for (size_t i = 0; i < count; i++) {
        if (table->columns[picked[i]]->categories > 0)
            room[indices++] = picked[i];
        else
            picked[numbers++] = picked[i];
    }
    memcpy(picked + numbers, room, indices * sizeof *picked);
}

// Which columns feed the model: numeric ones but the target. Others are an error, or noted.
static enum status pick_columns(const struct table *table, struct notes *notes, int *picked, size_t *count,
                                struct error *error) {
    enum status status = STATUS_OK;
    *count = 0;
    for (size_t i = 0; i < table->column_count && !status; i++) {
        const struct column *column = table->columns[i];
        if ((int)i == table->target)
            continue;
        if (column->type == COLUMN_NUMERIC)
            picked[(*count)++] = (int)i;
        else if (notes)
            status =
                notes_add(notes, 0, column->name, error, "column \"%s\" is %s and is left out: a model reads numbers",
                          column->name, column_type_name(column->type));
        else
            status = error_set(error, STATUS_INVALID,
                               "column \"%s\" is %s, and a model reads numbers; encode it (one-hot) or remove it",
                               column->name, column_type_name(column->type));
    }
    if (!status && *count == 0)
        status = error_set(error, STATUS_INVALID, "%s has no column left that a model can read besides the target",
                           table->name);
    return status;
}

struct keeping {
    uint32_t *kept;
    size_t count;
};

static enum status keep_known(void *context, const struct column_cells *cells, struct error *error) {
    struct keeping *keeping = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        if (!cells_missing(cells, i) && !isnan(cells->values[i]))
            keeping->kept[keeping->count++] = (uint32_t)(cells->first + i);
    return STATUS_OK;
}

// Rows whose target is known; the others are noted.
static enum status pick_rows(const struct table *table, const struct target *target, struct notes *notes,
                             uint32_t *kept, size_t *count, struct error *error) {
    struct keeping keeping = {.kept = kept};
    enum status status = STATUS_OK;
    if (!target->labels)
        status = column_each(target->column, keep_known, &keeping, error);
    for (size_t row = 0; target->labels && row < table->rows; row++)
        if (target->labels[row] >= 0)
            kept[keeping.count++] = (uint32_t)row;
    *count = keeping.count;
    if (status)
        return status;
    size_t left_out = table->rows - *count;
    if (left_out && notes)
        return notes_add(notes, 0, target->column->name, error,
                         "%zu row%s left out: the target \"%s\" is missing there", left_out,
                         left_out == 1 ? " is" : "s are", target->column->name);
    return STATUS_OK;
}

static enum status refuse_one_class(const struct target *target, struct error *error) {
    if (target->task != SOURCE_CLASSIFY || target->classes >= 2)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID,
                     "column \"%s\" has one class only (\"%s\"): there is nothing to tell apart; choose another target",
                     target->column->name, target->classes ? target->class_names[0] : "");
}

static enum status take_labels(struct source *source, struct target *target, const uint32_t *kept,
                               struct error *error) {
    int32_t *labels = mem_alloc(source->rows + 1, sizeof *labels);
    source->labels = labels;
    source->class_names = labels ? names_copy(target->class_names, target->classes, error) : NULL;
    if (!source->class_names)
        return error_memory(error, "the labels", source->rows * sizeof *labels);
    source->classes = target->classes;
    for (size_t i = 0; i < source->rows; i++)
        labels[i] = target->labels[kept[i]];
    return STATUS_OK;
}

struct numbers { // the target's, over the kept rows
    const struct table *table;
    const uint32_t *kept; // [rows], ascending
    const uint8_t *part_of;
    size_t rows, done, count; // count: training rows so far
    double mean, squares;     // Welford's, of training rows
    double sd;
    float *targets; // [rows]
};

static enum status measure_block(void *context, const struct column_cells *cells, struct error *error) {
    struct numbers *numbers = context;
    size_t end = cells->first + cells->count;
    for (; numbers->done < numbers->rows && numbers->kept[numbers->done] < end; numbers->done++) {
        size_t row = numbers->kept[numbers->done];
        double value = cells->values[row - cells->first];
        if (!isfinite(value))
            return cell_refuse_infinite(numbers->table, (size_t)numbers->table->target, row, error);
        if (numbers->part_of[numbers->done] != PART_TRAIN)
            continue;
        double delta = value - numbers->mean;
        numbers->mean += delta / (double)++numbers->count;
        numbers->squares += delta * (value - numbers->mean);
    }
    return STATUS_OK;
}

static enum status standardize_block(void *context, const struct column_cells *cells, struct error *error) {
    struct numbers *numbers = context;
    size_t end = cells->first + cells->count;
    (void)error;
    for (; numbers->done < numbers->rows && numbers->kept[numbers->done] < end; numbers->done++) {
        double value = cells->values[numbers->kept[numbers->done] - cells->first];
        numbers->targets[numbers->done] = (float)((value - numbers->mean) / numbers->sd);
    }
    return STATUS_OK;
}

// Standardized by the training rows' mean and sd (ddof 0).
static enum status take_numbers(struct source *source, const struct table *table, const uint32_t *kept,
                                const uint8_t *part_of, struct error *error) {
    const struct column *column = table->columns[table->target];
    float *targets = mem_alloc(source->rows + 1, sizeof *targets);
    struct numbers numbers = {
        .table = table, .kept = kept, .part_of = part_of, .rows = source->rows, .sd = 1, .targets = targets};
    source->targets = targets;
    if (!targets)
        return error_memory(error, "the targets", source->rows * sizeof *targets);
    enum status status = column_each(column, measure_block, &numbers, error);
    if (status)
        return status;
    double variance = numbers.count > 0 ? numbers.squares / (double)numbers.count : 0;
    if (numbers.count > 0 && !(variance > 0 && isfinite(variance)))
        return error_set(
            error, STATUS_INVALID, "column \"%s\" %s: there is nothing to learn; choose another target", column->name,
            variance == 0 ? "has the same value in every training row" : "holds numbers too large to predict");
    if (numbers.count > 0)
        numbers.sd = sqrt(variance);
    source->target_mean = numbers.mean;
    source->target_sd = numbers.sd;
    numbers.done = 0;
    return column_each(column, standardize_block, &numbers, error);
}

static enum status refuse_empty(const struct table *table, const struct source *source, struct error *error) {
    if (source->part_count[PART_TRAIN] > 0)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "%s has no training row left: lower the shares for validation and test",
                     table->name);
}

// What a person should know about the choice: why numbers are taken for classes or not, and classes too
// rare to be on both sides of a split.
static enum status note_target(const struct target *target, struct notes *notes, struct error *error) {
    const char *name = target->column->name;
    enum status status = STATUS_OK;
    if (!notes)
        return STATUS_OK;
    if (target->reason[0] != '\0')
        status = notes_add(notes, 0, name, error, "target \"%s\": %s", name, target->reason);
    size_t *counts = mem_alloc(target->classes, sizeof *counts);
    if (!status && !counts)
        status = error_memory(error, "the classes", target->classes * sizeof *counts);
    for (size_t row = 0; !status && target->labels && row < target->column->rows; row++)
        if (target->labels[row] >= 0)
            counts[target->labels[row]]++;
    for (size_t i = 0; !status && i < target->classes; i++)
        if (counts[i] == 1)
            status = notes_add(notes, 0, name, error, "class \"%s\" of \"%s\" has one row only", target->class_names[i],
                               name);
    mem_free(counts);
    return status;
}

// All of it, with scratch arrays that the caller frees.
static enum status make_from_table(const struct table *table, const struct split *split, struct target *target,
                                   struct notes *notes, struct source *source, int *picked, uint32_t *kept,
                                   uint8_t *part_of, struct error *error) {
    size_t columns = 0, rows = 0;
    enum status status = refuse_one_class(target, error);
    if (!status)
        status = pick_columns(table, notes, picked, &columns, error);
    if (!status)
        indices_last(table, picked, columns, picked + table->column_count);
    if (!status)
        status = note_target(target, notes, error);
    if (!status)
        status = pick_rows(table, target, notes, kept, &rows, error);
    if (!status)
        status = source_fill(source, table, kept, rows, picked, columns, error);
    for (size_t i = 0; !status && i < rows; i++)
        part_of[i] = split->part[source->origin[i]];
    source->task = target->task;
    source->target_name = mem_string(target->column->name);
    if (!status && !source->target_name)
        status = error_memory(error, "the target's name", 0);
    if (!status && target->task == SOURCE_CLASSIFY)
        status = take_labels(source, target, kept, error);
    else if (!status)
        status = take_numbers(source, table, kept, part_of, error);
    if (!status)
        status = source_parts(source, part_of, error);
    return status ? status : refuse_empty(table, source, error);
}

static enum status source_of_table(const struct prepared *prepared, const struct split *split, const char *task,
                                   struct notes *notes, struct source *source, struct error *error) {
    const struct table *table = prepared->stages[prepared->stage_count - 1];
    struct target target;
    enum status status = target_read(table, task, &target, error);
    if (status)
        return status;
    int *picked = mem_alloc(2 * table->column_count + 1, sizeof *picked); // and as much to order them
    uint32_t *kept = mem_alloc(table->rows + 1, sizeof *kept);
    uint8_t *part_of = mem_alloc(table->rows + 1, 1);
    if (!picked || !kept || !part_of)
        status = error_memory(error, "the rows of a source", (unsigned long long)table->rows * sizeof *kept);
    else
        status = make_from_table(table, split, &target, notes, source, picked, kept, part_of, error);
    mem_free(picked);
    mem_free(kept);
    mem_free(part_of);
    target_clear(&target);
    return status;
}

// ---- images ---------------------------------------------------------------------------------------------

static enum status source_of_images(const struct dataset *dataset, const struct prepared *prepared,
                                    const struct split *split, struct source *source, struct error *error) {
    struct image_set *images = dataset->images;
    enum status status = source_share_images(source, images, prepared, error);
    if (status)
        return status;
    if (images->classes < 2)
        return error_set(error, STATUS_INVALID, "%s has images of one class only: there is nothing to tell apart",
                         dataset->name);
    source->task = SOURCE_CLASSIFY;
    source->labels = mem_copy(images->labels, images->count * sizeof *images->labels);
    source->target_name = mem_string("class");
    source->class_names = names_copy(images->class_names, images->classes, error);
    if (!source->labels || !source->target_name || !source->class_names)
        return error_memory(error, "the labels", images->count * sizeof *images->labels);
    source->classes = images->classes;
    status = source_parts(source, split->part, error);
    if (!status && source->part_count[PART_TRAIN] == 0)
        status = error_set(error, STATUS_INVALID,
                           "%s has no training images left: lower the shares for validation and test", dataset->name);
    return status;
}

enum status source_make(const struct dataset *dataset, const struct prepared *prepared, const struct split *split,
                        const char *task, struct notes *notes, struct source **out, struct error *error) {
    struct source *source = source_begin(error);
    if (!source)
        return STATUS_MEMORY;
    enum status status;
    if (dataset->kind == DATASET_IMAGES && text_equal(task, "regress"))
        status = error_set(error, STATUS_INVALID,
                           "%s holds images with classes; a number cannot be predicted from them", dataset->name);
    else if (dataset->kind == DATASET_IMAGES)
        status = source_of_images(dataset, prepared, split, source, error);
    else
        status = source_of_table(prepared, split, task, notes, source, error);
    if (!status)
        status = source_seal(source, error);
    if (status) {
        source_release(source);
        return status;
    }
    *out = source;
    return STATUS_OK;
}
