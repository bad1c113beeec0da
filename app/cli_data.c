// batchlab profile and prepare.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli.h"
#include "app/json.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/pipeline.h"
#include "datasets/profile.h"

static enum status open_file(const char *path, const struct load_options *options, struct dataset **dataset,
                             struct error *error) {
    enum status status = dataset_open(path, options, dataset, NULL, error);
    if (!status)
        cli_notes(path, &(*dataset)->notes);
    return status;
}

// ---- profile --------------------------------------------------------------------------------------------

static void print_column(const struct column_profile *column) {
    printf("%-24s %-9s missing %-7zu distinct %-7zu", column->column->name, column_type_name(column->column->type),
           column->missing, column->distinct);
    if (column->column->type == COLUMN_NUMERIC)
        printf(" mean %-11.6g sd %-11.6g min %-9.6g q25 %-9.6g median %-9.6g q75 %-9.6g max %.6g", column->mean,
               column->sd, column->min, column->q25, column->median, column->q75, column->max);
    else
        for (size_t i = 0; i < column->top_count && i < 4; i++)
            printf(" %s (%" PRIu64 ")", column->top[i].word, column->top[i].count);
    putchar('\n');
}

static void print_images(const struct dataset *dataset, const struct profile *profile) {
    const struct image_set *images = dataset->images;
    printf("%zu images of %zu×%zu, %zu channels\n", images->count, images->height, images->width, images->channels);
    for (size_t i = 0; i < images->classes; i++)
        printf("%-24s %" PRIu64 "\n", images->class_names[i], profile->images->class_counts[i]);
    for (size_t i = 0; i < images->channels; i++)
        printf("channel %zu: mean %.6f, sd %.6f\n", i, profile->images->mean[i], profile->images->sd[i]);
}

static void print_profile(const struct dataset *dataset, const struct profile *profile) {
    printf("%s: %zu rows, %zu duplicates, %zu missing cells\n", dataset->name, profile->rows, profile->duplicates,
           profile->missing_cells);
    for (size_t i = 0; i < profile->column_count; i++)
        print_column(&profile->columns[i]);
    if (profile->images)
        print_images(dataset, profile);
    for (size_t i = 0; i < profile->warning_count; i++)
        printf("! %s\n", profile->warnings[i].message);
}

int cli_profile(const struct arguments *arguments) {
    struct load_options options;
    struct dataset *dataset = NULL;
    struct profile *profile = NULL;
    struct str json = {0};
    struct error error;
    if (cli_load_options(arguments, &options, &error))
        return cli_usage(&error);
    enum status status = open_file(arguments->files[0], &options, &dataset, &error);
    if (!status)
        status = profile_make(dataset, &profile, NULL, &error);
    if (!status && arguments->flags[FLAG_JSON]) {
        status = profile_json(dataset, profile, &json, &error);
        if (!status)
            puts(str_text(&json));
    } else if (!status) {
        print_profile(dataset, profile);
    }
    str_free(&json);
    profile_free(profile);
    dataset_free(dataset);
    return status ? cli_fail(&error) : EXIT_DONE;
}

// ---- prepare --------------------------------------------------------------------------------------------

enum status cli_read_pipeline(const struct arguments *arguments, const struct dataset *dataset,
                              struct pipeline **pipeline, struct error *error) {
    const char *recipe = cli_setting(arguments, "recipe"), *steps = arguments->flags[FLAG_STEPS];
    if (steps)
        return pipeline_parse(steps, pipeline, error);
    if (!recipe || text_equal(recipe, "auto") || text_equal(recipe, "none"))
        return pipeline_suggest(dataset, recipe && text_equal(recipe, "none"), pipeline, NULL, error);
    char *json = NULL;
    size_t size = 0;
    enum status status = file_read(recipe, (size_t)64 << 20, &json, &size, error);
    if (!status)
        status = pipeline_load(json, recipe, pipeline, error);
    mem_free(json);
    return status;
}

// What the flags of prepare say, read before any file is.
struct prepare_plan {
    struct load_options options;
    const char *out;
    double share; // of the rows that steps are fitted on
    int64_t seed;
};

static enum status read_plan(const struct arguments *arguments, struct prepare_plan *plan, struct error *error) {
    const char *text = arguments->flags[FLAG_FIT_ROWS], *seed = cli_setting(arguments, "seed");
    plan->out = arguments->flags[FLAG_OUTPUT];
    plan->share = 1;
    plan->seed = 1;
    if (!plan->out)
        return error_set(error, STATUS_INVALID, "prepare needs -o OUT.csv: where the result goes");
    bool all = !text || text_equal(text, "all");
    if (!all && (!number_parse(text, &plan->share) || !(plan->share > 0 && plan->share <= 1)))
        return error_set(error, STATUS_INVALID, "--fit-rows \"%s\": must be all, or a share above 0 and at most 1",
                         text);
    if (seed && !integer_parse(seed, &plan->seed))
        return error_set(error, STATUS_INVALID, "--seed \"%s\": must be a whole number", seed);
    enum status status = cli_check_steps(arguments, error);
    return status ? status : cli_load_options(arguments, &plan->options, error);
}

static void json_prepared(const struct dataset *dataset, const struct pipeline *pipeline,
                          const struct prepared *prepared) {
    const struct table *last = prepared->stages[prepared->stage_count - 1];
    cJSON *object = cJSON_CreateObject(), *rows = cJSON_AddObjectToObject(object, "rows");
    json_number(rows, "in", (double)dataset_rows(dataset));
    json_number(rows, "out", (double)last->rows);
    json_number(object, "columns", (double)last->column_count);
    cJSON *steps = cJSON_AddArrayToObject(object, "steps"), *ledger = cJSON_AddArrayToObject(object, "ledger");
    for (size_t i = 0; i < pipeline->count; i++) {
        cJSON *step = cJSON_CreateObject();
        cJSON_AddStringToObject(step, "step", pipeline->steps[i]->kind->name);
        cJSON_AddStringToObject(step, "summary", pipeline->steps[i]->summary);
        cJSON_AddItemToArray(steps, step);
    }
    for (size_t i = 0; i < prepared->ledger.count; i++) {
        const struct ledger_entry *entry = &prepared->ledger.entries[i];
        cJSON *line = cJSON_CreateObject();
        cJSON_AddStringToObject(line, "step", pipeline->steps[entry->step]->kind->name);
        json_number(line, "line", (double)entry->line);
        if (entry->line && dataset->table->files)
            cJSON_AddStringToObject(line, "file", table_file(dataset->table, entry->origin));
        if (entry->column)
            cJSON_AddStringToObject(line, "column", entry->column);
        if (entry->before)
            cJSON_AddStringToObject(line, "before", entry->before);
        if (entry->after)
            cJSON_AddStringToObject(line, "after", entry->after);
        if (entry->reason)
            cJSON_AddStringToObject(line, "reason", entry->reason);
        cJSON_AddItemToArray(ledger, line);
    }
    json_print_line(object);
    cJSON_Delete(object);
}

static void print_prepared(const struct pipeline *pipeline, const struct prepared *prepared, const char *path) {
    const struct table *last = prepared->stages[prepared->stage_count - 1];
    for (size_t i = 0; i < pipeline->count; i++)
        fprintf(stderr, "%zu %-20s %s\n", i + 1, pipeline->steps[i]->kind->label, pipeline->steps[i]->summary);
    fprintf(stderr, "wrote %zu rows of %zu columns to %s\n", last->rows, last->column_count, path);
}

int cli_prepare(const struct arguments *arguments) {
    struct prepare_plan plan;
    struct dataset *dataset = NULL;
    struct pipeline *pipeline = NULL;
    struct prepared *prepared = NULL;
    struct split split = {0};
    struct error error;
    if (read_plan(arguments, &plan, &error))
        return cli_usage(&error);
    enum status status = open_file(arguments->files[0], &plan.options, &dataset, &error);
    if (!status && dataset->kind != DATASET_TABLE)
        status = error_set(&error, STATUS_UNSUPPORTED, "%s is an image set: prepare writes tables", dataset->name);
    if (!status)
        status = cli_read_pipeline(arguments, dataset, &pipeline, &error);
    if (!status)
        status = split_make(dataset, "random", 1 - plan.share, 0, (uint64_t)plan.seed, &split, &error);
    if (!status)
        status = pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error);
    if (!status)
        status = table_write_csv(prepared->stages[prepared->stage_count - 1], plan.out, &error);
    if (!status && arguments->flags[FLAG_JSON])
        json_prepared(dataset, pipeline, prepared);
    else if (!status)
        print_prepared(pipeline, prepared, plan.out);
    prepared_free(prepared);
    split_free(&split);
    pipeline_free(pipeline);
    dataset_free(dataset);
    return status ? cli_fail(&error) : EXIT_DONE;
}
