// The plain dialogue: the pipeline and the batches.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "app/plain_parts.h"
#include "core/base/str.h"

enum { ENTRIES_USUAL = 20, BATCHES_SHOWN = 10 };

static const struct snapshot *snapshot_of(const struct plain *plain) {
    return session_snapshot(plain->session);
}

static enum status pipeline_of(struct plain *plain, const struct pipeline **pipeline, struct error *error) {
    enum status status = plain_settle(plain, error);
    *pipeline = snapshot_of(plain)->pipeline;
    if (!status && !*pipeline)
        return error_set(error, STATUS_STATE, "nothing is open; open FILE opens a table or an image set");
    return status;
}

// The number of a step, from 1, as an index.
static enum status step_of(struct plain *plain, const struct plain_line *line, size_t word, size_t *index,
                           const struct step **step, struct error *error) {
    const struct pipeline *pipeline;
    enum status status = pipeline_of(plain, &pipeline, error);
    if (!status)
        status = plain_number(line, word, "step", 1, pipeline->count, 1, index, error);
    if (status)
        return status;
    *index -= 1;
    *step = pipeline->steps[*index];
    return STATUS_OK;
}

// ---- steps --------------------------------------------------------------------------------------------------------

static void tell_step(const struct snapshot *snapshot, size_t index) {
    const struct step *step = snapshot->pipeline->steps[index];
    const struct pipeline *fitted = snapshot->fitted;
    const char *summary = fitted && index < fitted->count ? fitted->steps[index]->summary : "";
    printf("step %zu: %s%s", index + 1, step->kind->label, step->enabled ? "" : ", off");
    for (size_t i = 0; i < step->kind->params->count; i++) {
        const struct param *row = &step->kind->params->rows[i];
        char text[PARAM_TEXT_SIZE];
        if (params_used(step->kind->params, row, step->settings, NULL) && params_get(row, step->settings, text)[0])
            printf(", %s %s", row->label, text);
    }
    printf("%s%s\n", summary[0] ? "; did: " : "", summary);
}

static void tell_steps(const struct snapshot *snapshot) {
    for (size_t i = 0; i < snapshot->pipeline->count; i++)
        tell_step(snapshot, i);
    if (snapshot->pipeline->count == 0)
        puts("the pipeline has no steps; suggest makes one, add KIND adds a step");
    if (snapshot->source_reason[0])
        printf("no model can use this yet: %s\n", snapshot->source_reason);
}

enum status plain_steps(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    const struct pipeline *pipeline;
    enum status status = pipeline_of(plain, &pipeline, error);
    if (!status)
        tell_steps(snapshot_of(plain));
    return status;
}

// After an edit: what became of it.
static enum status told(struct plain *plain, enum status status, struct error *error) {
    return status ? status : plain_steps(plain, &(struct plain_line){0}, error);
}

enum status plain_step(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct step *step = NULL;
    size_t index;
    enum status status = step_of(plain, line, 0, &index, &step, error);
    if (status)
        return status;
    printf("%s: %s\n", step->kind->name, step->kind->help);
    for (size_t i = 0; i < step->kind->params->count; i++) {
        const struct param *row = &step->kind->params->rows[i];
        char text[PARAM_TEXT_SIZE], range[PARAM_TEXT_SIZE];
        params_get(row, step->settings, text);
        printf("%s: %s; %s%s%s\n", row->name, text[0] ? text : "none", row->help, row->choices ? " One of " : "",
               row->choices ? params_range_text(row, range) : "");
    }
    return STATUS_OK;
}

enum status plain_kinds(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)plain, (void)line, (void)error;
    for (size_t i = 0; i < step_kind_count(); i++)
        printf("%s: %s\n", step_kind_at(i)->name, step_kind_at(i)->help);
    return STATUS_OK;
}

enum status plain_add(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct pipeline *pipeline;
    enum status status = pipeline_of(plain, &pipeline, error);
    if (!status)
        status = session_step_insert(plain->session, pipeline->count, line->words[0], error);
    return told(plain, status, error);
}

enum status plain_remove(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct step *step;
    size_t index;
    enum status status = step_of(plain, line, 0, &index, &step, error);
    return told(plain, status ? status : session_step_remove(plain->session, index, error), error);
}

enum status plain_move(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct step *step;
    size_t from, to;
    enum status status = step_of(plain, line, 0, &from, &step, error);
    if (!status)
        status = step_of(plain, line, 1, &to, &step, error);
    return told(plain, status ? status : session_step_move(plain->session, from, to, error), error);
}

enum status plain_switch(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct step *step;
    size_t index;
    enum status status = step_of(plain, line, 0, &index, &step, error);
    return told(plain, status ? status : session_step_switch(plain->session, index, error), error);
}

enum status plain_change(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct step *step;
    size_t index;
    enum status status = step_of(plain, line, 0, &index, &step, error);
    if (!status)
        status = session_step_set(plain->session, index, line->words[1], line->words[2], error);
    return told(plain, status, error);
}

enum status plain_suggest(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    enum status status = session_suggest(plain->session, false, error);
    if (!status)
        status = plain_settle(plain, error);
    if (!status)
        fputs(snapshot_of(plain)->pipeline_reasons, stdout);
    return told(plain, status, error);
}

// ---- what they did --------------------------------------------------------------------------------------------------

static enum status tell_side(const char *side, const struct column *column, struct error *error) {
    struct column_profile profile = {0};
    enum status status = profile_column(column, &profile, error);
    if (status)
        return status;
    printf("%s: %s, %zu missing, %zu distinct", side, column_type_name(column->type), profile.missing, profile.distinct);
    if (column->type == COLUMN_NUMERIC)
        printf(", mean %.6g, standard deviation %.6g, from %.6g to %.6g", profile.mean, profile.sd, profile.min,
               profile.max);
    putchar('\n');
    column_profile_clear(&profile);
    return STATUS_OK;
}

enum status plain_compare(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct table *table;
    size_t index;
    enum status status = plain_table(plain, &table, error);
    if (!status)
        status = plain_find_column(table, line->words[0], &index, error);
    const struct prepared *prepared = snapshot_of(plain)->prepared;
    if (!status && (!prepared || prepared->stage_count == 0))
        return error_set(error, STATUS_STATE, "the pipeline has not been run; steps says why");
    if (!status)
        status = tell_side("as read", table->columns[index], error);
    if (status)
        return status;
    const struct table *last = prepared->stages[prepared->stage_count - 1];
    int after = table_find(last, line->words[0]);
    if (after >= 0)
        return tell_side("prepared", last->columns[after], error);
    printf("prepared: it became other columns, or was left out\n");
    return STATUS_OK;
}

static void tell_entry(const struct ledger_entry *entry) {
    printf("step %" PRIu32, entry->step + 1);
    if (entry->line)
        printf(", line %" PRIu64, entry->line);
    if (entry->column)
        printf(", %s", entry->column);
    if (entry->kind == LEDGER_ROW_DROPPED)
        printf(": row dropped");
    else if (entry->kind == LEDGER_COLUMN)
        printf(": %s", entry->after ? entry->after : "");
    else if (entry->kind == LEDGER_BROKEN)
        printf(": %s breaks the rule %s", entry->before ? entry->before : "missing", entry->after ? entry->after : "");
    else
        printf(": %s became %s", entry->before && entry->before[0] ? entry->before : "missing",
               entry->after && entry->after[0] ? entry->after : "missing");
    printf("; %s\n", entry->reason ? entry->reason : "");
}

enum status plain_ledger(struct plain *plain, const struct plain_line *line, struct error *error) {
    size_t most;
    enum status status = plain_number(line, 0, "count", 1, SIZE_MAX, ENTRIES_USUAL, &most, error);
    if (!status)
        status = plain_settle(plain, error);
    const struct prepared *prepared = snapshot_of(plain)->prepared;
    if (!status && !prepared)
        return error_set(error, STATUS_STATE, "the pipeline has not been run; steps says why");
    if (status)
        return status;
    const struct ledger *ledger = &prepared->ledger;
    printf("cells changed: %zu\nrows dropped: %zu\ncells that break a rule: %zu\n", ledger->cells, ledger->rows,
           ledger->broken);
    for (size_t i = 0; i < ledger->count && i < most; i++)
        tell_entry(&ledger->entries[i]);
    return STATUS_OK;
}

// ---- files ------------------------------------------------------------------------------------------------------------

enum status plain_save(struct plain *plain, const struct plain_line *line, struct error *error) {
    return session_save_recipe(plain->session, line->words[0], error);
}

enum status plain_load(struct plain *plain, const struct plain_line *line, struct error *error) {
    return told(plain, session_recipe(plain->session, line->words[0], false, error), error);
}

enum status plain_export(struct plain *plain, const struct plain_line *line, struct error *error) {
    return session_export(plain->session, line->words[0], error);
}

// ---- batches ------------------------------------------------------------------------------------------------------------

static void tell_batch(const struct batch_plan *plan, size_t size, size_t index) {
    size_t from = index * size, to = from + size < plan->rows ? from + size : plan->rows, counts[BATCH_SLOTS];
    batch_plan_counts(plan, from, to, counts);
    printf("batch %zu, %zu %s", index + 1, to - from, to - from == 1 ? "row" : "rows");
    for (size_t i = 0; i < plan->slot_count; i++)
        if (counts[i] > 0)
            printf("%s %s %zu", i > 0 ? "," : ":", plan->slots[i].label, counts[i]);
    putchar('\n');
}

static void tell_plan(const struct snapshot *snapshot) {
    const struct batch_plan *plan = snapshot->batches.plan;
    const size_t *parts = plan->source->part_count;
    size_t size = (size_t)snapshot->params->batch, rest = plan->rows % size;
    size_t count = plan->rows / size + (rest && !(snapshot->params->drop_last && plan->rows >= size));
    printf("rows to train on: %zu\nrows for validation: %zu\nrows for test: %zu\n", parts[PART_TRAIN],
           parts[PART_VALIDATION], parts[PART_TEST]);
    if (snapshot->split)
        printf("split: %s\n", snapshot->split->how);
    printf("epoch %" PRIu64 ": %zu %s of %zu row%s\n", plan->epoch + 1, count, count == 1 ? "batch" : "batches", size,
           size == 1 ? "" : "s");
    for (size_t i = 0; i < count && i < BATCHES_SHOWN; i++)
        tell_batch(plan, size, i);
    if (count > BATCHES_SHOWN)
        printf("and %zu more\n", count - BATCHES_SHOWN);
}

enum status plain_batches(struct plain *plain, const struct plain_line *line, struct error *error) {
    size_t epoch;
    enum status status = plain_number(line, 0, "epoch", 1, SIZE_MAX, 1, &epoch, error);
    if (!status)
        status = session_plan_batches(plain->session, epoch - 1, error);
    if (!status)
        status = plain_settle(plain, error);
    if (status)
        return status;
    if (!snapshot_of(plain)->batches.plan)
        return error_set(error, STATUS_STATE, "%s", snapshot_of(plain)->batches.reason[0]
                                                        ? snapshot_of(plain)->batches.reason
                                                        : "nothing is open; open FILE opens a table or an image set");
    tell_plan(snapshot_of(plain));
    return STATUS_OK;
}
