#include "core/session_predict.h"

#include <string.h>

#include "core/base/mem.h"
#include "datasets/steps/state.h"

struct predicting {
    const struct kept_run *kept;
    const struct predict_settings *settings;
    struct predict_counts *counts;
    bool own, begun;
    struct str text;   // rows not yet written
    struct str *names; // [classes] as cells
    char **kept_names; // [kept_count]
    int *columns;      // [kept_count] of the table at hand
    size_t kept_count, kept_capacity;
};

// ---- which columns ------------------------------------------------------------------------------------------

static enum status keep_name(struct predicting *predicting, const char *name, struct error *error) {
    char *copy = mem_string(name);
    if (!copy ||
        !vec_reserve(&predicting->kept_names, &predicting->kept_capacity, predicting->kept_count + 1, sizeof(char *))) {
        mem_free(copy);
        return error_memory(error, "the columns to keep", strlen(name));
    }
    predicting->kept_names[predicting->kept_count++] = copy;
    return STATUS_OK;
}

static enum status choose_columns(struct predicting *predicting, const struct table *table, struct error *error) {
    const char *list = predicting->settings->keep ? predicting->settings->keep : "";
    char name[PARAM_TEXT_SIZE];
    enum status status = STATUS_OK;
    if (list[0] && !table)
        return error_set(error, STATUS_UNSUPPORTED, "pictures have no columns that could be kept");
    for (size_t i = 0; strcmp(list, "*") == 0 && i < table->column_count && !status; i++)
        status = keep_name(predicting, table->columns[i]->name, error);
    while (!status && strcmp(list, "*") != 0 && column_list_next(&list, name))
        status = keep_name(predicting, name, error);
    predicting->columns = mem_alloc(predicting->kept_count + 1, sizeof *predicting->columns);
    if (!status && !predicting->columns)
        status = error_memory(error, "the columns to keep", predicting->kept_count);
    return status;
}

static enum status find_columns(struct predicting *predicting, const struct table *table, struct error *error) {
    for (size_t i = 0; i < predicting->kept_count; i++) {
        predicting->columns[i] = table_find(table, predicting->kept_names[i]);
        if (predicting->columns[i] < 0)
            return table_no_column(table, predicting->kept_names[i], error);
    }
    return STATUS_OK;
}

// ---- writing ------------------------------------------------------------------------------------------------

static bool is_alone(const struct predicting *predicting) {
    return !predicting->own && !predicting->settings->probabilities && predicting->kept_count == 0;
}

static void add_header(struct predicting *predicting) {
    struct str *text = &predicting->text, name = {0};
    const struct encoding *encoding = &predicting->kept->encoding;
    if (predicting->own)
        str_add(text, "row,");
    for (size_t i = 0; i < predicting->kept_count; i++) {
        csv_add_cell(text, predicting->kept_names[i], true, false);
        str_add_char(text, ',');
    }
    str_add(text, "prediction");
    for (size_t k = 0; predicting->settings->probabilities && k < encoding->classes; k++) {
        str_clear(&name);
        str_format(&name, "p_%s", encoding->class_names[k]);
        str_add_char(text, ',');
        csv_add_cell(text, str_text(&name), true, false);
        text->failed = text->failed || name.failed;
    }
    str_add_char(text, '\n');
    str_free(&name);
}

static enum status begin(struct predicting *predicting, const struct kept_outputs *outputs, struct error *error) {
    const struct encoding *encoding = &predicting->kept->encoding;
    enum status status = choose_columns(predicting, outputs->table, error);
    predicting->names = mem_alloc(encoding->classes + 1, sizeof *predicting->names);
    if (!status && !predicting->names)
        status = error_memory(error, "the names of classes", encoding->classes * sizeof *predicting->names);
    if (status)
        return status;
    add_header(predicting);
    for (size_t k = 0; k < encoding->classes; k++) {
        csv_add_cell(&predicting->names[k], encoding->class_names[k], true, is_alone(predicting));
        predicting->text.failed = predicting->text.failed || predicting->names[k].failed;
    }
    predicting->begun = true;
    return STATUS_OK;
}

static void add_kept(struct predicting *predicting, const struct table *table, size_t row) {
    char room[64];
    for (size_t i = 0; i < predicting->kept_count; i++) {
        const struct column *column = table->columns[predicting->columns[i]];
        csv_add_cell(&predicting->text, column_text(column, row, room), !column_has_values(column), false);
        str_add_char(&predicting->text, ',');
    }
}

static void add_number(struct str *text, float value) {
    char room[32];
    str_add(text, number_text_float(value, room));
}

static void add_prediction(struct predicting *predicting, const float *values, size_t width) {
    struct str *text = &predicting->text;
    size_t best = 0;
    if (predicting->kept->encoding.task == SOURCE_REGRESS) {
        add_number(text, values[0]);
        return;
    }
    for (size_t k = 1; k < width; k++)
        best = values[k] > values[best] ? k : best;
    str_add_bytes(text, str_text(&predicting->names[best]), predicting->names[best].length);
    for (size_t k = 0; predicting->settings->probabilities && k < width; k++) {
        str_add_char(text, ',');
        add_number(text, values[k]);
    }
}

static void add_nothing(struct predicting *predicting) {
    if (is_alone(predicting))
        str_add(&predicting->text, "\"\""); // an empty line would be no row
    for (size_t k = 0; predicting->settings->probabilities && k < predicting->kept->encoding.classes; k++)
        str_add_char(&predicting->text, ',');
}

static void add_rows(struct predicting *predicting, const struct kept_outputs *outputs) {
    size_t next = 0;
    for (size_t i = 0; i < outputs->rows; i++) {
        size_t row = outputs->table_row ? outputs->table_row[i] : outputs->table_first + i;
        if (predicting->own)
            str_format(&predicting->text, "%zu,", row + 1);
        add_kept(predicting, outputs->table, row);
        if (next < outputs->count && outputs->row_of[next] == i)
            add_prediction(predicting, outputs->values + next++ * outputs->width, outputs->width);
        else
            add_nothing(predicting);
        str_add_char(&predicting->text, '\n');
    }
}

static enum status write_outputs(void *context, const struct kept_outputs *outputs, struct error *error) {
    struct predicting *predicting = context;
    enum status status = predicting->begun ? STATUS_OK : begin(predicting, outputs, error);
    if (!status && outputs->table)
        status = find_columns(predicting, outputs->table, error);
    if (status)
        return status;
    add_rows(predicting, outputs);
    if (predicting->text.failed)
        return error_memory(error, "rows to write", predicting->text.length);
    size_t length = predicting->text.length;
    if (fwrite(str_text(&predicting->text), 1, length, predicting->settings->out) != length)
        return error_set(error, STATUS_IO, "the predictions cannot be written; is the disk full?");
    str_clear(&predicting->text);
    predicting->counts->rows += outputs->rows;
    predicting->counts->predicted += outputs->count;
    return STATUS_OK;
}

enum status kept_run_predict(const struct kept_run *kept, const struct kept_data *data,
                             const struct predict_settings *settings, struct predict_counts *counts,
                             struct notes *notes, struct task *task, struct error *error) {
    struct predicting predicting = {.kept = kept, .settings = settings, .counts = counts, .own = data->path == NULL};
    *counts = (struct predict_counts){0};
    if (settings->probabilities && kept->encoding.task == SOURCE_REGRESS)
        return error_set(error, STATUS_UNSUPPORTED, "run %lld predicts a number, which has no probabilities",
                         (long long)kept->record.id);
    enum status status = kept_run_each(kept, data, write_outputs, &predicting, notes, task, error);
    for (size_t k = 0; predicting.names && k < kept->encoding.classes; k++)
        str_free(&predicting.names[k]);
    for (size_t i = 0; i < predicting.kept_count; i++)
        mem_free(predicting.kept_names[i]);
    mem_free(predicting.names);
    mem_free(predicting.kept_names);
    mem_free(predicting.columns);
    str_free(&predicting.text);
    return status;
}
