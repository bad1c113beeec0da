#include "datasets/profile.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

// ---- tables ---------------------------------------------------------------------------------------

struct table_work { // [columns] each
    const struct table *table;
    struct profile *profile;
    struct column_edges *edges;
    uint32_t **ranks;
    uint64_t **counts;
    struct task *task;
};

static enum status profile_one(void *context, size_t index, struct error *error) {
    struct table_work *work = context;
    enum status status =
        profile_figures(work->table->columns[index], &work->profile->columns[index], &work->edges[index],
                        work->ranks[index], &work->counts[index], work->task, error);
    return status != STATUS_OK ? status : task_step(work->task, work->table->rows, error);
}

// Ranks are kept where they and what sorting them takes fit the memory for cells.
static enum status make_ranks(struct table_work *work, struct error *error) {
    const struct table *table = work->table;
    size_t wanted = 0, most = (size_t)work->profile->limits.matrix_columns;
    for (size_t i = 0; i < table->column_count; i++)
        wanted += table->columns[i]->type == COLUMN_NUMERIC;
    wanted = wanted < most ? wanted : most;
    size_t bytes = wanted * sizeof(uint32_t) + profile_threads() * 5 * sizeof(uint64_t);
    if (wanted < 2 || table->rows == 0 || table->rows > INT32_MAX || bytes > cells_memory() / table->rows)
        return STATUS_OK;
    for (size_t i = 0; i < table->column_count && wanted > 0; i++) {
        if (table->columns[i]->type != COLUMN_NUMERIC)
            continue;
        wanted--;
        work->ranks[i] = mem_alloc(table->rows, sizeof **work->ranks);
        if (work->ranks[i] == NULL)
            return error_memory(error, "ranks of a column", table->rows * sizeof **work->ranks);
    }
    return STATUS_OK;
}

static enum status profile_columns(struct table_work *work, struct error *error) {
    struct profile *profile = work->profile;
    enum status status = make_ranks(work, error);
    if (status == STATUS_OK)
        status =
            profile_parallel(profile->column_count, profile->rows * profile->column_count, profile_one, work, error);
    for (size_t i = 0; i < profile->column_count && status == STATUS_OK; i++) {
        profile->missing_cells += profile->columns[i].missing;
        status = profile_warn_column(profile, &profile->columns[i], &work->edges[i], work->counts[i], error);
    }
    return status;
}

static void work_free(struct table_work *work) {
    for (size_t i = 0; i < work->table->column_count; i++) {
        if (work->ranks != NULL)
            mem_free(work->ranks[i]);
        if (work->counts != NULL)
            mem_free(work->counts[i]);
    }
    mem_free(work->ranks);
    mem_free(work->counts);
    mem_free(work->edges);
}

static enum status profile_table(const struct table *table, struct profile *profile, struct task *task,
                                 struct error *error) {
    struct table_work work = {.table = table, .profile = profile, .task = task};
    size_t columns = table->column_count;
    task_begin(task, "Profiling", "rows", table->rows * (columns + 2));
    profile->rows = table->rows;
    profile->target = table->target;
    profile->columns = mem_alloc(columns + 1, sizeof *profile->columns);
    work.edges = mem_alloc(columns + 1, sizeof *work.edges);
    work.ranks = mem_alloc(columns + 1, sizeof *work.ranks);
    work.counts = mem_alloc(columns + 1, sizeof *work.counts);
    enum status status = STATUS_OK;
    if (profile->columns == NULL || work.edges == NULL || work.ranks == NULL || work.counts == NULL)
        status = error_memory(error, "a profile", columns * sizeof *profile->columns);
    else
        profile->column_count = columns;
    if (status == STATUS_OK)
        status = profile_duplicates(table, profile, task, error);
    if (status == STATUS_OK)
        status = profile_columns(&work, error);
    if (status == STATUS_OK)
        status = profile_relations(table, profile, work.ranks, task, error);
    if (status == STATUS_OK)
        status = profile_warn_pairs(profile, table, error);
    work_free(&work);
    return status;
}

enum status profile_make(const struct dataset *dataset, const struct profile_limits *limits, struct profile **profile,
                         struct task *task, struct error *error) {
    struct profile *made = mem_alloc(1, sizeof *made);
    if (made == NULL)
        return error_memory(error, "a profile", sizeof *made);
    if (limits != NULL)
        made->limits = *limits;
    else
        params_defaults(&profile_params, &made->limits);
    made->target = -1;
    enum status status = dataset->kind == DATASET_TABLE ? profile_table(dataset->table, made, task, error)
                                                        : profile_images(dataset->images, made, task, error);
    if (status != STATUS_OK) {
        profile_free(made);
        return status;
    }
    *profile = made;
    return STATUS_OK;
}

void profile_free(struct profile *profile) {
    if (profile == NULL)
        return;
    for (size_t i = 0; i < profile->column_count; i++)
        column_profile_clear(&profile->columns[i]);
    for (size_t i = 0; i < profile->warning_count; i++) {
        mem_free(profile->warnings[i].column);
        mem_free(profile->warnings[i].kind);
        mem_free(profile->warnings[i].message);
        mem_free(profile->warnings[i].rows);
    }
    for (size_t i = 0; i < MATRICES; i++)
        matrix_clear(&profile->matrices[i]);
    for (size_t i = 0; i < profile->class_count; i++)
        mem_free(profile->classes[i].name);
    mem_free(profile->classes);
    mem_free(profile->together);
    mem_free(profile->associations);
    if (profile->images != NULL) {
        mem_free(profile->images->class_counts);
        mem_free(profile->images->class_means);
        mem_free(profile->images->class_pictures);
        mem_free(profile->images->pairs);
    }
    mem_free(profile->images);
    mem_free(profile->warnings);
    mem_free(profile->columns);
    mem_free(profile);
}

// ---- warnings -------------------------------------------------------------------------------------

enum status profile_warn(struct profile *profile, const char *column, const char *kind, struct error *error,
                         const char *format, ...) {
    char message[512];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    struct warning *grown = mem_resize(profile->warnings, profile->warning_count + 1, sizeof *grown);
    if (grown == NULL)
        return error_memory(error, "a warning", (profile->warning_count + 1) * sizeof *grown);
    profile->warnings = grown;
    struct warning *warning = &grown[profile->warning_count++];
    *warning = (struct warning){
        .column = column == NULL ? NULL : mem_string(column), .kind = mem_string(kind), .message = mem_string(message)};
    if ((column != NULL && warning->column == NULL) || warning->kind == NULL || warning->message == NULL)
        return error_memory(error, "a warning", sizeof message);
    return STATUS_OK;
}

enum status profile_warn_row(struct profile *profile, uint32_t row, struct error *error) {
    assert(profile->warning_count > 0);
    struct warning *warning = &profile->warnings[profile->warning_count - 1];
    if (warning->row_count >= WARNING_ROWS_MOST)
        return STATUS_OK;
    if ((warning->row_count & (warning->row_count - 1)) == 0) { // room doubles at every power of two
        size_t room = warning->row_count == 0 ? 1 : 2 * warning->row_count;
        uint32_t *rows = mem_resize(warning->rows, room, sizeof *rows);
        if (rows == NULL)
            return error_memory(error, "rows of a warning", room * sizeof *rows);
        warning->rows = rows;
    }
    warning->rows[warning->row_count++] = row;
    return STATUS_OK;
}
