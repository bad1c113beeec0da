// batchlab profile.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "app/cli.h"
#include "core/base/file.h"
#include "core/base/str.h"
#include "datasets/profile.h"

// What is not exact carries a sign.
static const char *about(bool is) {
    return is ? "≈" : "";
}

static void print_column(const struct column_profile *column) {
    char distinct[40];
    snprintf(distinct, sizeof distinct, "%s%zu", about(column->distinct_about), column->distinct);
    printf("%-24s %-9s missing %-7zu distinct %-7s", column->column->name, column_type_name(column->column->type),
           column->missing, distinct);
    if (column->column->type == COLUMN_NUMERIC)
        printf(" mean %-11.6g sd %-11.6g min %-9.6g q25 %-9.6g median %-9.6g q75 %-9.6g max %.6g", column->mean,
               column->sd, column->min, column->q25, column->median, column->q75, column->max);
    else
        for (size_t i = 0; i < column->top_count && i < 4; i++)
            printf(" %s (%s%" PRIu64 ")", column->top[i].word, about(column->top_about), column->top[i].count);
    putchar('\n');
}

static const char *name_of(const struct profile *profile, uint32_t column) {
    return profile->columns[column].column->name;
}

static void print_target(const struct profile *profile) {
    if (profile->target < 0)
        return;
    printf("target %s:", name_of(profile, (uint32_t)profile->target));
    for (size_t i = 0; i < profile->class_count && i < 20; i++)
        printf(" %s (%" PRIu64 ")", profile->classes[i].name, profile->classes[i].count);
    bool number = profile->class_count == 0 && column_has_values(profile->columns[profile->target].column);
    puts(number ? " a number" : profile->class_count > 20 ? " …" : "");
    for (size_t i = 0; i < profile->association_count && i < 20; i++)
        if (!isnan(profile->associations[i].value))
            printf("  goes with %-24s %s %.4f\n", name_of(profile, profile->associations[i].column),
                   association_names[profile->associations[i].kind], profile->associations[i].value);
}

// The strongest pairs of a matrix, at most so many.
static void print_matrix(const struct profile *profile, enum profile_matrix which) {
    enum { MOST = 5 };
    const struct matrix *matrix = &profile->matrices[which];
    double before = INFINITY;
    size_t printed = 0;
    bool square = which != MATRIX_RATIO;
    while (printed < MOST) {
        double best = 0;
        for (size_t i = 0; i < matrix->rows * matrix->columns; i++)
            if ((!square || i / matrix->columns > i % matrix->columns) && fabs(matrix->values[i]) < before)
                best = fmax(best, fabs(matrix->values[i]));
        if (!(best >= 0.05))
            return;
        for (size_t i = 0; i < matrix->rows * matrix->columns && printed < MOST; i++)
            if ((!square || i / matrix->columns > i % matrix->columns) && fabs(matrix->values[i]) == best)
                printf("%s%s of %s and %s: %s%.4f\n", printed++ == 0 ? "" : "  ", matrix_labels[which],
                       name_of(profile, matrix->column_of[i % matrix->columns]),
                       name_of(profile, matrix->row_of[i / matrix->columns]), about(matrix->about), matrix->values[i]);
        before = best;
    }
}

static void print_ends(const struct image_set *images, const char *name, const struct image_light *ends, size_t count) {
    printf("%s:", name);
    for (size_t i = 0; i < count && i < 5; i++)
        printf("%s image %u (%s) %.4f", i > 0 ? "," : "", ends[i].image + 1,
               images->class_names[images->labels[ends[i].image]], ends[i].mean);
    putchar('\n');
}

static void print_images(const struct dataset *dataset, const struct profile *profile) {
    const struct image_set *images = dataset->images;
    printf("%zu×%zu pixels, %zu channels\n", images->height, images->width, images->channels);
    for (size_t i = 0; i < images->classes; i++)
        printf("%-24s %" PRIu64 "\n", images->class_names[i], profile->images->class_counts[i]);
    for (size_t i = 0; i < images->channels; i++)
        printf("channel %zu: mean %.6f, sd %.6f\n", i, profile->images->mean[i], profile->images->sd[i]);
    print_ends(images, "darkest", profile->images->darkest, profile->images->end_count);
    print_ends(images, "brightest", profile->images->brightest, profile->images->end_count);
    for (size_t i = 0; i < profile->images->pair_count && i < 10; i++)
        printf("image %u is image %u again\n", profile->images->pairs[i].image + 1,
               profile->images->pairs[i].earlier + 1);
}

static void print_profile(const struct dataset *dataset, const struct profile *profile) {
    printf("%s: %zu %s, %s%zu duplicates", dataset->name, profile->rows, dataset->table ? "rows" : "images",
           about(profile->duplicates_about), profile->duplicates);
    if (dataset->table)
        printf(", %zu missing cells", profile->missing_cells);
    putchar('\n');
    for (size_t i = 0; i < profile->column_count; i++)
        print_column(&profile->columns[i]);
    print_target(profile);
    for (size_t i = 0; i < MATRICES; i++)
        print_matrix(profile, (enum profile_matrix)i);
    if (profile->images)
        print_images(dataset, profile);
    for (size_t i = 0; i < profile->warning_count; i++)
        printf("! %s\n", profile->warnings[i].message);
}

// Checked by args_parse already.
static enum status read_limits(const struct arguments *arguments, struct profile_limits *limits, struct error *error) {
    enum status status = STATUS_OK;
    params_defaults(&profile_params, limits);
    for (size_t i = 0; i < arguments->setting_count && !status; i++)
        if (params_find(&profile_params, arguments->settings[i].name))
            status =
                params_set(&profile_params, limits, arguments->settings[i].name, arguments->settings[i].text, error);
    return status;
}

static enum status print_json(const struct dataset *dataset, const struct profile *profile, struct error *error) {
    struct str json = {0};
    enum status status = profile_json(dataset, profile, &json, error);
    if (!status)
        puts(str_text(&json));
    str_free(&json);
    return status;
}

static enum status write_html(const struct dataset *dataset, const struct profile *profile, const char *path,
                              struct error *error) {
    struct str html = {0};
    struct file_writer writer = {0};
    enum status status = profile_html(dataset, profile, &html, error);
    if (!status)
        status = file_create(&writer, path, error);
    if (!status) {
        file_write(&writer, str_text(&html), html.length);
        status = file_commit(&writer, error);
    }
    str_free(&html);
    return status;
}

int cli_profile(const struct arguments *arguments) {
    struct load_options options;
    struct profile_limits limits;
    struct dataset *dataset = NULL;
    struct profile *profile = NULL;
    struct error error;
    if (cli_load_options(arguments, &options, &error) || read_limits(arguments, &limits, &error))
        return cli_usage(&error);
    enum status status = cli_open(arguments->files[0], &options, &dataset, &error);
    if (!status)
        status = profile_make(dataset, &limits, &profile, NULL, &error);
    if (!status && arguments->flags[FLAG_HTML])
        status = write_html(dataset, profile, arguments->flags[FLAG_HTML], &error);
    if (!status && arguments->flags[FLAG_JSON])
        status = print_json(dataset, profile, &error);
    else if (!status && !arguments->flags[FLAG_HTML])
        print_profile(dataset, profile);
    profile_free(profile);
    dataset_free(dataset);
    return status ? cli_fail(&error) : EXIT_DONE;
}
