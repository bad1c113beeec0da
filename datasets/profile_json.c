// The object of `batchlab profile --json`. What has no value (NaN, infinity) is null.
#include <cjson/cJSON.h>
#include <math.h>

#include "datasets/profile.h"
#include "datasets/types.h"

// A false anywhere means that memory ran out.

static bool add_text(cJSON *object, const char *name, const char *text) {
    return (text == NULL ? cJSON_AddNullToObject(object, name) : cJSON_AddStringToObject(object, name, text)) != NULL;
}

static bool add_number(cJSON *object, const char *name, double value) {
    return cJSON_AddNumberToObject(object, name, value) != NULL;
}

static bool push(cJSON *array, cJSON *item) {
    if (item != NULL && cJSON_AddItemToArray(array, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static bool push_pair(cJSON *array, const char *text, uint64_t count) {
    cJSON *pair = cJSON_CreateArray();
    bool fits = pair != NULL && push(pair, cJSON_CreateString(text)) && push(pair, cJSON_CreateNumber((double)count));
    if (fits)
        return push(array, pair);
    cJSON_Delete(pair);
    return false;
}

static bool add_top(cJSON *object, const struct column_profile *column) {
    cJSON *top = cJSON_AddArrayToObject(object, "top");
    bool fits = top != NULL;
    for (size_t i = 0; i < column->top_count && fits; i++)
        fits = push_pair(top, column->top[i].word, column->top[i].count);
    return fits;
}

static bool add_about(cJSON *object, const struct column_profile *column) {
    cJSON *about = cJSON_AddObjectToObject(object, "approximate");
    return about != NULL && cJSON_AddBoolToObject(about, "distinct", column->distinct_about) != NULL &&
           cJSON_AddBoolToObject(about, "top", column->top_about) != NULL;
}

static bool add_histogram(cJSON *object, const struct histogram *histogram) {
    cJSON *part = cJSON_AddObjectToObject(object, "histogram");
    bool fits = part != NULL && add_number(part, "low", histogram->low) && add_number(part, "high", histogram->high);
    cJSON *bins = fits ? cJSON_AddArrayToObject(part, "bins") : NULL;
    fits = bins != NULL;
    for (size_t i = 0; i < HISTOGRAM_BINS && fits; i++)
        fits = push(bins, cJSON_CreateNumber((double)histogram->bins[i]));
    return fits;
}

static bool add_column(cJSON *columns, const struct column_profile *column) {
    const struct {
        const char *name;
        double value;
    } figures[] = {
        {"missing", (double)column->missing},
        {"distinct", (double)column->distinct},
        {"mean", column->mean},
        {"sd", column->sd},
        {"min", column->min},
        {"q25", column->q25},
        {"median", column->median},
        {"q75", column->q75},
        {"max", column->max},
        {"zeros", (double)column->zeros},
        {"negatives", (double)column->negatives},
        {"infinite", (double)column->infinite},
        {"outliers", (double)column->outliers},
        {"mad", column->mad},
        {"skew", column->skew},
        {"kurtosis", column->kurtosis},
    };
    cJSON *object = cJSON_CreateObject();
    bool fits = object != NULL && add_text(object, "name", column->column->name) &&
                add_text(object, "type", column_type_name(column->column->type));
    for (size_t i = 0; i < sizeof figures / sizeof *figures && fits; i++)
        fits = add_number(object, figures[i].name, figures[i].value);
    fits = fits && cJSON_AddBoolToObject(object, "integer", column->column->integer) != NULL &&
           cJSON_AddBoolToObject(object, "constant", column->constant) != NULL &&
           cJSON_AddBoolToObject(object, "monotone", column->monotone) != NULL &&
           cJSON_AddBoolToObject(object, "id_like", column->id_like) != NULL && add_top(object, column) &&
           add_about(object, column);
    if (fits && words_are_boolean(column->column->words, column->column->word_count))
        fits = cJSON_AddTrueToObject(object, "boolean") != NULL;
    if (fits && column_has_values(column->column))
        fits = add_histogram(object, &column->histogram);
    if (fits)
        return push(columns, object);
    cJSON_Delete(object);
    return false;
}

static bool add_matrix(cJSON *matrices, enum profile_matrix which, const struct profile *profile) {
    const struct matrix *matrix = &profile->matrices[which];
    if (matrix->rows == 0)
        return true;
    cJSON *object = cJSON_AddObjectToObject(matrices, matrix_names[which]);
    bool fits = object != NULL && cJSON_AddBoolToObject(object, "approximate", matrix->about) != NULL &&
                add_number(object, "left_out", (double)matrix->left_out);
    cJSON *rows = fits ? cJSON_AddArrayToObject(object, "rows") : NULL;
    cJSON *columns = rows != NULL ? cJSON_AddArrayToObject(object, "columns") : NULL;
    cJSON *values = columns != NULL ? cJSON_AddArrayToObject(object, "values") : NULL;
    fits = values != NULL;
    for (size_t i = 0; i < matrix->columns && fits; i++)
        fits = push(columns, cJSON_CreateString(profile->columns[matrix->column_of[i]].column->name));
    for (size_t i = 0; i < matrix->rows && fits; i++) {
        cJSON *row = cJSON_CreateDoubleArray(matrix->values + i * matrix->columns, (int)matrix->columns);
        fits = push(rows, cJSON_CreateString(profile->columns[matrix->row_of[i]].column->name)) && push(values, row);
    }
    return fits;
}

static bool add_together(cJSON *root, const struct profile *profile) {
    cJSON *pairs = cJSON_AddArrayToObject(root, "missing_together");
    bool fits = pairs != NULL;
    for (size_t i = 0; i < profile->together_count && fits; i++) {
        const struct missing_pair *pair = &profile->together[i];
        cJSON *object = cJSON_CreateObject();
        fits = object != NULL && add_text(object, "a", profile->columns[pair->a].column->name) &&
               add_text(object, "b", profile->columns[pair->b].column->name) &&
               add_number(object, "rows", (double)pair->both) && add_number(object, "phi", pair->phi);
        if (fits)
            fits = push(pairs, object);
        else
            cJSON_Delete(object);
    }
    return fits;
}

static bool add_target(cJSON *root, const struct profile *profile) {
    if (profile->target < 0)
        return add_text(root, "target", NULL);
    bool fits = add_text(root, "target", profile->columns[profile->target].column->name);
    cJSON *classes = fits ? cJSON_AddArrayToObject(root, "classes") : NULL;
    cJSON *with = classes != NULL ? cJSON_AddArrayToObject(root, "associations") : NULL;
    fits = with != NULL;
    for (size_t i = 0; i < profile->class_count && fits; i++)
        fits = push_pair(classes, profile->classes[i].name, profile->classes[i].count);
    for (size_t i = 0; i < profile->association_count && fits; i++) {
        const struct association *from = &profile->associations[i];
        cJSON *object = cJSON_CreateObject();
        fits = object != NULL && add_text(object, "column", profile->columns[from->column].column->name) &&
               add_text(object, "kind", association_names[from->kind]) && add_number(object, "value", from->value);
        if (fits)
            fits = push(with, object);
        else
            cJSON_Delete(object);
    }
    return fits;
}

static bool add_relations(cJSON *root, const struct profile *profile) {
    cJSON *matrices = cJSON_AddObjectToObject(root, "matrices");
    bool fits = matrices != NULL;
    for (int i = 0; i < MATRICES && fits; i++)
        fits = add_matrix(matrices, (enum profile_matrix)i, profile);
    return fits && add_together(root, profile) && add_target(root, profile);
}

static bool add_thresholds(cJSON *root, const struct profile *profile) {
    cJSON *object = cJSON_AddObjectToObject(root, "thresholds");
    bool fits = object != NULL;
    for (size_t i = 0; i < profile_params.count && fits; i++) {
        char text[PARAM_TEXT_SIZE];
        const struct param *param = &profile_params.rows[i];
        fits = cJSON_AddRawToObject(object, param->name, params_get(param, &profile->limits, text)) != NULL;
    }
    return fits;
}

static bool add_warning(cJSON *warnings, const struct dataset *dataset, const struct warning *warning) {
    cJSON *object = cJSON_CreateObject();
    bool fits = object != NULL && add_text(object, "column", warning->column) &&
                add_text(object, "kind", warning->kind) && add_text(object, "message", warning->message);
    cJSON *rows = fits ? cJSON_AddArrayToObject(object, "rows") : NULL;
    cJSON *lines = rows != NULL && dataset->table != NULL ? cJSON_AddArrayToObject(object, "lines") : NULL;
    bool several = lines != NULL && dataset->table->files != NULL; // then a line alone says nothing
    cJSON *files = several ? cJSON_AddArrayToObject(object, "files") : NULL;
    fits = rows != NULL && (dataset->table == NULL || lines != NULL) && (files != NULL || !several);
    for (size_t i = 0; i < warning->row_count && fits; i++) {
        size_t row = warning->rows[i];
        fits = push(rows, cJSON_CreateNumber((double)row)) &&
               (lines == NULL || push(lines, cJSON_CreateNumber((double)table_line(dataset->table, row)))) &&
               (files == NULL || push(files, cJSON_CreateString(table_file(dataset->table, row))));
    }
    if (fits)
        return push(warnings, object);
    cJSON_Delete(object);
    return false;
}

static bool push_ends(cJSON *object, const char *name, const struct image_light *ends, size_t count) {
    cJSON *array = cJSON_AddArrayToObject(object, name);
    bool fits = array != NULL;
    for (size_t i = 0; i < count && fits; i++) {
        cJSON *item = cJSON_CreateObject();
        fits = item != NULL && add_number(item, "image", ends[i].image) && add_number(item, "mean", ends[i].mean);
        if (fits)
            fits = push(array, item);
        else
            cJSON_Delete(item);
    }
    return fits;
}

// To a hundredth of a level.
static bool add_means(cJSON *object, const struct image_set *images, const struct image_profile *profile) {
    size_t bytes = images->channels * images->height * images->width;
    cJSON *means = profile->class_means == NULL ? cJSON_AddNullToObject(object, "class_means")
                                                : cJSON_AddArrayToObject(object, "class_means");
    bool fits = means != NULL;
    for (size_t i = 0; i < images->classes && fits && profile->class_means != NULL; i++) {
        cJSON *pixels = cJSON_CreateArray();
        fits = pixels != NULL && push(means, pixels);
        for (size_t j = 0; j < bytes && fits; j++)
            fits = push(pixels, cJSON_CreateNumber(round(100.0 * profile->class_means[i * bytes + j]) / 100));
    }
    return fits;
}

static bool add_equals(cJSON *object, const struct image_profile *profile) {
    cJSON *pairs = cJSON_AddArrayToObject(object, "equal");
    bool fits = pairs != NULL;
    for (size_t i = 0; i < profile->pair_count && fits; i++) {
        cJSON *pair = cJSON_CreateArray();
        fits = pair != NULL && push(pairs, pair) && push(pair, cJSON_CreateNumber(profile->pairs[i].image)) &&
               push(pair, cJSON_CreateNumber(profile->pairs[i].earlier));
    }
    return fits;
}

static bool add_channels(cJSON *object, const struct image_set *images, const struct image_profile *profile) {
    cJSON *mean = cJSON_AddArrayToObject(object, "mean"), *sd = cJSON_AddArrayToObject(object, "sd");
    cJSON *histograms = cJSON_AddArrayToObject(object, "histograms");
    bool fits = mean != NULL && sd != NULL && histograms != NULL;
    for (size_t i = 0; i < images->channels && i < 4 && fits; i++) {
        cJSON *levels = cJSON_CreateArray();
        fits = push(mean, cJSON_CreateNumber(profile->mean[i])) && push(sd, cJSON_CreateNumber(profile->sd[i])) &&
               push(histograms, levels);
        for (size_t level = 0; level < 256 && fits; level++)
            fits = push(levels, cJSON_CreateNumber((double)profile->histogram[i][level]));
    }
    return fits;
}

static bool add_images(cJSON *root, const struct image_set *images, const struct image_profile *profile) {
    cJSON *object = cJSON_AddObjectToObject(root, "images");
    bool fits = object != NULL && add_number(object, "channels", (double)images->channels) &&
                add_number(object, "height", (double)images->height) &&
                add_number(object, "width", (double)images->width) && add_channels(object, images, profile);
    cJSON *classes = fits ? cJSON_AddArrayToObject(object, "classes") : NULL;
    fits = classes != NULL;
    for (size_t i = 0; i < images->classes && fits; i++)
        fits = push_pair(classes, images->class_names[i], profile->class_counts[i]);
    return fits && add_equals(object, profile) && push_ends(object, "darkest", profile->darkest, profile->end_count) &&
           push_ends(object, "brightest", profile->brightest, profile->end_count) && add_means(object, images, profile);
}

static bool add_all(cJSON *root, const struct dataset *dataset, const struct profile *profile) {
    bool fits = add_number(root, "rows", (double)profile->rows) &&
                add_number(root, "duplicates", (double)profile->duplicates) &&
                add_number(root, "missing_cells", (double)profile->missing_cells);
    cJSON *about = fits ? cJSON_AddObjectToObject(root, "approximate") : NULL;
    fits = about != NULL && cJSON_AddBoolToObject(about, "duplicates", profile->duplicates_about) != NULL;
    cJSON *columns = fits ? cJSON_AddArrayToObject(root, "columns") : NULL;
    fits = columns != NULL;
    for (size_t i = 0; i < profile->column_count && fits; i++)
        fits = add_column(columns, &profile->columns[i]);
    if (fits && profile->images != NULL)
        fits = add_images(root, dataset->images, profile->images);
    if (fits && profile->images == NULL)
        fits = add_relations(root, profile);
    fits = fits && add_thresholds(root, profile);
    cJSON *warnings = fits ? cJSON_AddArrayToObject(root, "warnings") : NULL;
    fits = warnings != NULL;
    for (size_t i = 0; i < profile->warning_count && fits; i++)
        fits = add_warning(warnings, dataset, &profile->warnings[i]);
    return fits;
}

enum status profile_json(const struct dataset *dataset, const struct profile *profile, struct str *out,
                         struct error *error) {
    cJSON *root = cJSON_CreateObject();
    char *text = root != NULL && add_all(root, dataset, profile) ? cJSON_PrintUnformatted(root) : NULL;
    if (text != NULL)
        str_add(out, text);
    bool fits = text != NULL && !out->failed;
    cJSON_free(text);
    cJSON_Delete(root);
    return fits ? STATUS_OK : error_memory(error, "the profile as JSON", 0);
}
