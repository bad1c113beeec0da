// New data under a stored encoding, for evaluation and prediction; and the encoding itself, saved and
// loaded with the run.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/encode.h"
#include "datasets/steps/state.h"

// ---- the encoding ---------------------------------------------------------------------------------------

void encoding_free(struct encoding *encoding) {
    names_free(encoding->feature_names, encoding->features);
    names_free(encoding->class_names, encoding->classes);
    mem_free(encoding->categories);
    mem_free(encoding->target_name);
    *encoding = (struct encoding){0};
}

enum status encoding_of(const struct source *source, struct encoding *encoding, struct error *error) {
    *encoding = (struct encoding){.sample = source->sample,
                                  .task = source->task,
                                  .target_mean = source->target_mean,
                                  .target_sd = source->target_sd};
    encoding->target_name = mem_string(source->target_name);
    size_t features = source->feature_names ? (size_t)source->sample.size[0] : 0;
    encoding->feature_names = names_copy(source->feature_names, features, error);
    if (encoding->feature_names)
        encoding->features = features;
    encoding->class_names = names_copy(source->class_names, source->classes, error);
    if (encoding->class_names)
        encoding->classes = source->classes;
    if (source->categories)
        encoding->categories = mem_copy(source->categories, features * sizeof *source->categories);
    if (encoding->target_name && encoding->feature_names && encoding->class_names &&
        (encoding->categories || !source->categories))
        return STATUS_OK;
    encoding_free(encoding);
    return error_memory(error, "the encoding", sizeof *encoding);
}

static bool add_names(cJSON *object, const char *name, char *const *names, size_t count) {
    cJSON *list = cJSON_AddArrayToObject(object, name);
    bool fine = list != NULL;
    for (size_t i = 0; fine && i < count; i++) {
        cJSON *item = cJSON_CreateString(names[i]);
        fine = item && cJSON_AddItemToArray(list, item);
    }
    return fine;
}

// Left out where all columns are numbers.
static bool add_categories(cJSON *object, const struct encoding *encoding) {
    cJSON *list = encoding->categories ? cJSON_AddArrayToObject(object, "categories") : NULL;
    bool fine = list != NULL || !encoding->categories;
    for (size_t i = 0; fine && list && i < encoding->features; i++) {
        cJSON *item = cJSON_CreateNumber(encoding->categories[i]);
        fine = item && cJSON_AddItemToArray(list, item);
    }
    return fine;
}

enum status encoding_save(const struct encoding *encoding, cJSON *object, struct error *error) {
    bool fine = add_names(object, "features", encoding->feature_names, encoding->features) &&
                add_names(object, "classes", encoding->class_names, encoding->classes) &&
                add_categories(object, encoding) && cJSON_AddStringToObject(object, "target", encoding->target_name) &&
                cJSON_AddStringToObject(object, "task", encoding->task == SOURCE_CLASSIFY ? "classify" : "regress") &&
                json_add_number(object, "target_mean", encoding->target_mean) &&
                json_add_number(object, "target_sd", encoding->target_sd);
    cJSON *sample = fine ? cJSON_AddArrayToObject(object, "sample") : NULL;
    for (int i = 0; sample && i < encoding->sample.rank; i++)
        fine = fine && cJSON_AddItemToArray(sample, cJSON_CreateNumber((double)encoding->sample.size[i]));
    return fine && sample ? STATUS_OK : error_memory(error, "the encoding", 0);
}

static enum status wrong(const char *what, struct error *error) {
    return error_set(error, STATUS_INVALID, "the stored encoding is damaged: %s", what);
}

static enum status load_names(const cJSON *object, const char *name, char ***names, size_t *count,
                              struct error *error) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, name), *item = NULL;
    if (!cJSON_IsArray(list))
        return wrong(name, error);
    *names = mem_alloc((size_t)cJSON_GetArraySize(list) + 1, sizeof **names);
    if (!*names)
        return error_memory(error, name, 0);
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsString(item))
            return wrong(name, error);
        (*names)[*count] = mem_string(item->valuestring);
        if (!(*names)[(*count)++])
            return error_memory(error, name, 0);
    }
    return STATUS_OK;
}

static enum status load_categories(const cJSON *object, struct encoding *encoding, struct error *error) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "categories"), *item = NULL;
    size_t i = 0;
    if (!list)
        return STATUS_OK;
    if (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) != encoding->features)
        return wrong("categories", error);
    encoding->categories = mem_alloc(encoding->features + 1, sizeof *encoding->categories);
    if (!encoding->categories)
        return error_memory(error, "categories", 0);
    cJSON_ArrayForEach(item, list) {
        bool whole = cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= 1e7 &&
                     item->valuedouble == floor(item->valuedouble);
        bool behind = i > 0 && encoding->categories[i - 1] > 0; // a number behind an index
        if (!whole || (behind && item->valuedouble == 0))
            return wrong("categories", error);
        encoding->categories[i++] = (uint32_t)item->valuedouble;
    }
    return STATUS_OK;
}

static enum status load_sample(const cJSON *object, struct encoding *encoding, struct error *error) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "sample"), *item = NULL;
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsNumber(item) || encoding->sample.rank == 3 || !(item->valuedouble >= 1 && item->valuedouble < 1e9))
            return wrong("sample", error);
        encoding->sample.size[encoding->sample.rank++] = (int64_t)item->valuedouble;
    }
    return encoding->sample.rank == 0 ? wrong("sample", error) : STATUS_OK;
}

static enum status load_figures(const cJSON *object, struct encoding *encoding, struct error *error) {
    const cJSON *target = cJSON_GetObjectItemCaseSensitive(object, "target");
    const cJSON *task = cJSON_GetObjectItemCaseSensitive(object, "task");
    const cJSON *mean = cJSON_GetObjectItemCaseSensitive(object, "target_mean");
    const cJSON *sd = cJSON_GetObjectItemCaseSensitive(object, "target_sd");
    if (!cJSON_IsString(target) || !cJSON_IsString(task) || !cJSON_IsNumber(mean) || !cJSON_IsNumber(sd))
        return wrong("target, task, target_mean or target_sd", error);
    bool classify = text_equal(task->valuestring, "classify");
    if (!classify && !text_equal(task->valuestring, "regress"))
        return wrong("task", error);
    if (classify && encoding->classes < 2)
        return wrong("fewer than two classes", error);
    if (!isfinite(mean->valuedouble) || !isfinite(sd->valuedouble) || sd->valuedouble <= 0)
        return wrong("target_mean or target_sd", error);
    encoding->task = classify ? SOURCE_CLASSIFY : SOURCE_REGRESS;
    encoding->target_mean = mean->valuedouble;
    encoding->target_sd = sd->valuedouble;
    encoding->target_name = mem_string(target->valuestring);
    return encoding->target_name ? STATUS_OK : error_memory(error, "the encoding", 0);
}

enum status encoding_load(const cJSON *object, struct encoding *encoding, struct error *error) {
    *encoding = (struct encoding){0};
    enum status status = load_names(object, "features", &encoding->feature_names, &encoding->features, error);
    if (!status)
        status = load_names(object, "classes", &encoding->class_names, &encoding->classes, error);
    if (!status)
        status = load_categories(object, encoding, error);
    if (!status)
        status = load_sample(object, encoding, error);
    if (!status)
        status = load_figures(object, encoding, error);
    if (!status && encoding->features && (size_t)encoding->sample.size[0] != encoding->features)
        status = wrong("sample and features differ", error);
    if (status)
        encoding_free(encoding);
    return status;
}

// ---- new data -------------------------------------------------------------------------------------------

static int32_t class_of(const struct encoding *encoding, const char *name) {
    for (size_t i = 0; i < encoding->classes; i++)
        if (text_equal(encoding->class_names[i], name))
            return (int32_t)i;
    return -1;
}

struct target_cells {
    const struct encoding *encoding;
    const struct column *column;
    int32_t *labels;
    float *targets;
};

static int32_t label_of(const struct target_cells *target, const struct column_cells *cells, size_t i) {
    char text[32]; // classes that are numbers are named by number_text
    if (cells_missing(cells, i) || (cells->values && isnan(cells->values[i])))
        return -1;
    return class_of(target->encoding,
                    cells->values ? number_text(cells->values[i], text) : target->column->words[cells->codes[i]]);
}

static enum status encode_block(void *context, const struct column_cells *cells, struct error *error) {
    const struct target_cells *target = context;
    const struct encoding *encoding = target->encoding;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        if (target->labels)
            target->labels[cells->first + i] = label_of(target, cells, i);
        else if (cells->values && !cells_missing(cells, i))
            target->targets[cells->first + i] =
                (float)((cells->values[i] - encoding->target_mean) / encoding->target_sd);
    }
    return STATUS_OK;
}

// The column may be absent.
enum status encoding_target(const struct encoding *encoding, const struct table *table, int32_t *labels, float *targets,
                            struct error *error) {
    int index = table_find(table, encoding->target_name);
    struct target_cells target = {.encoding = encoding,
                                  .column = index >= 0 ? table->columns[index] : NULL,
                                  .labels = labels,
                                  .targets = targets};
    for (size_t row = 0; row < table->rows; row++) {
        if (labels)
            labels[row] = -1;
        else
            targets[row] = NAN;
    }
    return target.column ? column_each(target.column, encode_block, &target, error) : STATUS_OK;
}

enum status encoding_pick(const struct encoding *encoding, const struct table *table, int *picked,
                          struct error *error) {
    for (size_t i = 0; i < encoding->features; i++) {
        const char *name = encoding->feature_names[i];
        picked[i] = table_find(table, name);
        if (picked[i] < 0)
            return error_set(error, STATUS_MISSING, "%s has no column \"%s\", which the model was trained on",
                             table->name, name);
        if (table->columns[picked[i]]->type != COLUMN_NUMERIC)
            return error_set(error, STATUS_INVALID, "%s: column \"%s\" is %s here and was a number in training",
                             table->name, name, column_type_name(table->columns[picked[i]]->type));
        if (table->columns[picked[i]]->categories != (encoding->categories ? encoding->categories[i] : 0))
            return error_set(error, STATUS_INVALID, "%s: column \"%s\" has other categories than in training",
                             table->name, name);
    }
    return STATUS_OK;
}

static enum status encode_table(const struct table *table, const struct encoding *encoding, struct source *source,
                                struct error *error) {
    bool classify = encoding->task == SOURCE_CLASSIFY;
    int *picked = mem_alloc(encoding->features + 1, sizeof *picked);
    uint32_t *kept = mem_alloc(table->rows + 1, sizeof *kept);
    int32_t *labels = classify ? mem_alloc(table->rows + 1, sizeof *labels) : NULL;
    float *targets = classify ? NULL : mem_alloc(table->rows + 1, sizeof *targets);
    enum status status = STATUS_OK;
    source->labels = labels;
    source->targets = targets;
    if (!picked || !kept || (!labels && !targets))
        status = error_memory(error, "the rows of a source", (unsigned long long)table->rows * sizeof *kept);
    if (!status)
        status = encoding_pick(encoding, table, picked, error);
    for (size_t row = 0; !status && row < table->rows; row++)
        kept[row] = (uint32_t)row;
    if (!status)
        status = source_fill(source, table, kept, table->rows, picked, encoding->features, error);
    if (!status)
        status = encoding_target(encoding, table, labels, targets, error);
    mem_free(picked);
    mem_free(kept);
    return status;
}

static enum status encode_images(const struct dataset *dataset, const struct prepared *prepared,
                                 const struct encoding *encoding, struct source *source, struct error *error) {
    char have[64], want[64];
    enum status status = source_share_images(source, dataset->images, prepared, error);
    if (!status && !shape_equal(source->sample, encoding->sample))
        status = error_set(error, STATUS_INVALID, "images of %s are %s and the model was trained on %s", dataset->name,
                           shape_text(source->sample, have), shape_text(encoding->sample, want));
    int32_t *labels = status ? NULL : mem_alloc(source->rows + 1, sizeof *labels);
    source->labels = labels;
    if (!status && !labels)
        status = error_memory(error, "the labels", source->rows * sizeof *labels);
    for (size_t i = 0; !status && i < source->rows; i++)
        labels[i] = class_of(encoding, dataset->images->class_names[dataset->images->labels[i]]);
    return status;
}

enum status encoding_give(const struct encoding *encoding, struct source *source, struct error *error) {
    source->task = encoding->task;
    source->target_mean = encoding->target_mean;
    source->target_sd = encoding->target_sd;
    source->target_name = mem_string(encoding->target_name);
    source->class_names = names_copy(encoding->class_names, encoding->classes, error);
    source->classes = source->class_names ? encoding->classes : 0;
    return source->target_name && source->class_names ? STATUS_OK : error_memory(error, "the encoding", 0);
}

static enum status finish(struct source *source, const struct encoding *encoding, struct error *error) {
    enum status status = encoding_give(encoding, source, error);
    uint8_t *part_of = mem_alloc(source->rows + 1, 1);
    if (!status && !part_of)
        status = error_memory(error, "the parts", source->rows);
    if (!status) {
        memset(part_of, PART_TEST, source->rows);
        status = source_parts(source, part_of, error);
    }
    mem_free(part_of);
    return status;
}

enum status source_encode(const struct dataset *dataset, const struct prepared *prepared,
                          const struct encoding *encoding, struct source **out, struct error *error) {
    bool images = encoding->features == 0;
    if (images != (dataset->kind == DATASET_IMAGES))
        return error_set(error, STATUS_INVALID, "%s holds %s and the model was trained on %s", dataset->name,
                         images ? "a table" : "images", images ? "images" : "a table");
    struct source *source = source_begin(error);
    if (!source)
        return STATUS_MEMORY;
    enum status status = images ? encode_images(dataset, prepared, encoding, source, error)
                                : encode_table(prepared->stages[prepared->stage_count - 1], encoding, source, error);
    if (!status)
        status = finish(source, encoding, error);
    if (!status)
        status = source_seal(source, error);
    if (status) {
        source_release(source);
        return status;
    }
    *out = source;
    return STATUS_OK;
}
