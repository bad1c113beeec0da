// batchlab prepare.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli.h"
#include "app/json.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/pipeline.h"

enum status cli_read_pipeline(const struct arguments *arguments, const struct dataset *dataset, size_t index_from,
                              struct pipeline **pipeline, struct error *error) {
    const char *recipe = cli_setting(arguments, "recipe"), *steps = arguments->flags[FLAG_STEPS];
    if (steps)
        return pipeline_parse(steps, pipeline, error);
    if (!recipe || text_equal(recipe, "auto") || text_equal(recipe, "none"))
        return pipeline_suggest(dataset, recipe && text_equal(recipe, "none"), index_from, pipeline, NULL, error);
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
    struct train_params params;
    struct split_settings split; // points into params
    const char *part_column;     // NULL: not written
};

// The rows that steps are fitted on: a share of all, or those that train in a split.
static enum status read_fit_rows(const struct arguments *arguments, struct prepare_plan *plan, struct error *error) {
    const char *text = arguments->flags[FLAG_FIT_ROWS], *split_flag = NULL;
    double share = 1;
    static const char *const names[] = {"split", "split_column", "validation", "test", "folds", "fold"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        split_flag = split_flag || !cli_setting(arguments, names[i]) ? split_flag : names[i];
    plan->split = split_settings_of(&plan->params);
    if (text && split_flag)
        return error_set(
            error, STATUS_INVALID,
            "--fit-rows does not go with the flags of a split: steps are fitted on the rows that train in it");
    if (split_flag || (plan->part_column && !text))
        return STATUS_OK;
    bool all = !text || text_equal(text, "all");
    if (!all && (!number_parse(text, &share) || !(share > 0 && share <= 1)))
        return error_set(error, STATUS_INVALID, "--fit-rows \"%s\": must be all, or a share above 0 and at most 1",
                         text);
    plan->split.kind = "random";
    plan->split.validation = 1 - share;
    plan->split.test = 0;
    return STATUS_OK;
}

static enum status read_plan(const struct arguments *arguments, struct prepare_plan *plan, struct error *error) {
    enum status status = STATUS_OK;
    plan->out = arguments->flags[FLAG_OUTPUT];
    plan->part_column = arguments->flags[FLAG_PART_COLUMN];
    params_defaults(&train_table, &plan->params);
    if (!plan->out)
        return error_set(error, STATUS_INVALID, "prepare needs -o OUT.csv: where the result goes");
    if (plan->part_column && !plan->part_column[0])
        return error_set(error, STATUS_INVALID, "--part-column \"\": must be the name of a column");
    for (size_t i = 0; i < arguments->setting_count && !status; i++)
        status =
            params_set(&train_table, &plan->params, arguments->settings[i].name, arguments->settings[i].text, error);
    if (!status)
        status = read_fit_rows(arguments, plan, error);
    if (!status)
        status = cli_check_steps(arguments, error);
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

// What a step has found out about columns.
static void print_told(const struct ledger *ledger, size_t step) {
    for (size_t i = 0; i < ledger->count; i++) {
        const struct ledger_entry *entry = &ledger->entries[i];
        if (entry->step == step && entry->kind == LEDGER_COLUMN)
            fprintf(stderr, "  %s: %s: %s\n", entry->column, entry->reason, entry->after);
    }
}

static void print_prepared(const struct pipeline *pipeline, const struct prepared *prepared, const char *path) {
    const struct table *last = prepared->stages[prepared->stage_count - 1];
    for (size_t i = 0; i < pipeline->count; i++) {
        fprintf(stderr, "%zu %-20s %s\n", i + 1, pipeline->steps[i]->kind->label, pipeline->steps[i]->summary);
        if (pipeline->steps[i]->kind->tells)
            print_told(&prepared->ledger, i);
    }
    fprintf(stderr, "wrote %zu row%s of %zu column%s to %s\n", last->rows, last->rows == 1 ? "" : "s", last->column_count,
            last->column_count == 1 ? "" : "s", path);
}

// One more column at the end: the part of every row.
static enum status add_parts(struct table *table, const struct split *split, const char *name, struct error *error) {
    if (table_find(table, name) >= 0)
        return error_set(error, STATUS_INVALID,
                         "--part-column \"%s\": there is a column of that name already; choose "
                         "another name",
                         name);
    uint32_t codes[PART_COUNT];
    struct column *column = column_make(name, COLUMN_CATEGORY, table->rows, error);
    enum status status = column ? STATUS_OK : STATUS_MEMORY;
    for (int part = 0; part < PART_COUNT && !status; part++)
        status = column_word(column, part_name((enum part)part), strlen(part_name((enum part)part)), &codes[part], error);
    for (size_t row = 0; row < table->rows && !status; row++)
        column->codes[row] = codes[split->part[table_origin(table, row)]];
    if (!status) {
        column_seal(column);
        return table_add(table, column, error);
    }
    column_release(column);
    return status;
}

static void tell_parts(const struct split *split) {
    size_t counts[PART_COUNT] = {0};
    for (size_t row = 0; row < split->rows; row++)
        counts[split->part[row]]++;
    fprintf(stderr, "%zu rows to train on, %zu for validation, %zu for test; %s\n", counts[PART_TRAIN],
            counts[PART_VALIDATION], counts[PART_TEST], split->how);
    if (split->note[0])
        fprintf(stderr, "batchlab: %s\n", split->note);
}

// Splits, fits and applies.
static enum status prepare(const struct arguments *arguments, const struct prepare_plan *plan,
                           const struct dataset *dataset, struct split *split, struct pipeline **pipeline,
                           struct prepared **prepared, struct error *error) {
    struct split_view view = {0};
    enum status status = split_make(dataset, &plan->split, split, NULL, error);
    if (!status)
        status = split_view_open(&view, dataset, split, error);
    if (!status)
        status = cli_read_pipeline(arguments, &view.dataset, 0, pipeline, error);
    if (!status)
        status = pipeline_run(*pipeline, &view.dataset, split, prepared, NULL, error);
    if (!status && plan->part_column)
        status = add_parts((*prepared)->stages[(*prepared)->stage_count - 1], split, plan->part_column, error);
    split_view_close(&view);
    return status;
}

// The sentence about broken rules: how many, and the first of them.
static enum status refuse_broken(const struct dataset *dataset, const struct ledger *ledger, struct error *error) {
    struct str text = {0};
    size_t shown = 0;
    char place[64];
    for (size_t i = 0; i < ledger->count && shown < 3; i++) {
        const struct ledger_entry *entry = &ledger->entries[i];
        if (entry->kind != LEDGER_BROKEN)
            continue;
        str_format(&text, "%s%s%s column \"%.60s\" is \"%.60s\", not %.120s", shown > 0 ? "; " : "",
                   dataset->table->files ? "" : "line ", table_place(dataset->table, entry->origin, place),
                   entry->column, entry->before, entry->after);
        shown++;
    }
    if (ledger->broken > shown)
        str_format(&text, "; and %zu more", ledger->broken - shown);
    error_set(error, STATUS_INVALID, "%s: %zu cell%s a rule: %s", dataset->name, ledger->broken,
              ledger->broken == 1 ? " breaks" : "s break", str_text(&text));
    str_free(&text);
    return STATUS_INVALID;
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
    enum status status = cli_open(arguments->files[0], &plan.options, &dataset, &error);
    if (!status && dataset->kind != DATASET_TABLE)
        status = error_set(&error, STATUS_UNSUPPORTED, "%s is an image set: prepare writes tables", dataset->name);
    if (!status)
        status = prepare(arguments, &plan, dataset, &split, &pipeline, &prepared, &error);
    bool broken = !status && arguments->flags[FLAG_STRICT] && prepared->ledger.broken > 0;
    if (broken && arguments->flags[FLAG_JSON])
        json_prepared(dataset, pipeline, prepared);
    if (broken)
        status = refuse_broken(dataset, &prepared->ledger, &error);
    if (!status)
        status = table_write_csv(prepared->stages[prepared->stage_count - 1], plan.out, &error);
    if (!status && arguments->flags[FLAG_JSON])
        json_prepared(dataset, pipeline, prepared);
    else if (!status)
        print_prepared(pipeline, prepared, plan.out);
    if (!status && plan.part_column)
        tell_parts(&split);
    prepared_free(prepared);
    split_free(&split);
    pipeline_free(pipeline);
    dataset_free(dataset);
    return status ? cli_fail(&error) : EXIT_DONE;
}
