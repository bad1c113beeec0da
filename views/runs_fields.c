#include "views/runs_fields.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/str.h"
#include "views/text.h"

const char *runs_data_name(const struct run_record *run) {
    const char *slash = strrchr(run->data_path, '/');
    return slash ? slash + 1 : run->data_path;
}

bool runs_contains(const char *text, const char *part) {
    size_t length = strlen(part);
    for (; strlen(text) >= length; text++) {
        size_t i = 0;
        while (i < length && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i]))
            i++;
        if (i == length)
            return true;
    }
    return false;
}

// ---- numbers ----------------------------------------------------------------------------------------------

static double run_id(const struct run_record *run) {
    return (double)run->id;
}
static double run_batch(const struct run_record *run) {
    return (double)run->params.batch;
}
static double run_lr(const struct run_record *run) {
    return run->params.lr;
}
static double run_epochs(const struct run_record *run) {
    return (double)run->epochs;
}
static double run_steps(const struct run_record *run) {
    return (double)run->steps;
}
static double run_samples(const struct run_record *run) {
    return (double)run->samples;
}
static double run_seconds(const struct run_record *run) {
    return run->seconds;
}
static double run_started(const struct run_record *run) {
    return run->started;
}
static double run_parent(const struct run_record *run) {
    return run->parent > 0 ? (double)run->parent : (double)NAN;
}
static double run_train_loss(const struct run_record *run) {
    return run->final_row.epoch > 0 ? run->final_row.train_loss : (double)NAN;
}
static double run_val_loss(const struct run_record *run) {
    return run->final_row.epoch > 0 ? run->final_row.val_loss : (double)NAN;
}
static double run_loss(const struct run_record *run) {
    double loss = run_val_loss(run);
    return isfinite(loss) ? loss : run_train_loss(run);
}
static double accuracy_of(const struct run_record *run, const struct epoch_row *row) {
    return run->classify && row->epoch > 0 ? row->val_accuracy : (double)NAN;
}
static double rmse_of(const struct run_record *run, const struct epoch_row *row) {
    return !run->classify && row->epoch > 0 ? row->val_rmse : (double)NAN;
}
static double run_accuracy(const struct run_record *run) {
    return accuracy_of(run, &run->final_row);
}
static double run_best_accuracy(const struct run_record *run) {
    return accuracy_of(run, &run->best_row);
}
static double run_rmse(const struct run_record *run) {
    return rmse_of(run, &run->final_row);
}
static double run_best_rmse(const struct run_record *run) {
    return rmse_of(run, &run->best_row);
}
// Better is more, so that classifiers and regressions can stand in one column.
static double run_result(const struct run_record *run) {
    return run->classify ? run_accuracy(run) : -run_rmse(run);
}
static double run_best(const struct run_record *run) {
    return run->classify ? run_best_accuracy(run) : -run_best_rmse(run);
}

// ---- texts ------------------------------------------------------------------------------------------------

static void put(char *out, const char *text) {
    snprintf(out, RUNS_TEXT_SIZE, "%.250s", text);
}
static void data_text(const struct run_record *run, char *out) {
    put(out, runs_data_name(run));
}
static void model_text(const struct run_record *run, char *out) {
    put(out, run->model);
}
static void name_text(const struct run_record *run, char *out) {
    put(out, run->name);
}
static void device_text(const struct run_record *run, char *out) {
    put(out, run->device);
}
static void note_text(const struct run_record *run, char *out) {
    put(out, run->note);
}
static void state_text(const struct run_record *run, char *out) {
    put(out, run_state_name(run->state));
}
static void seconds_text(const struct run_record *run, char *out) {
    char text[16];
    put(out, clock_text(run->seconds, text));
}
static void started_text(const struct run_record *run, char *out) {
    time_t seconds = (time_t)run->started;
    struct tm at;
    if (!localtime_r(&seconds, &at) || strftime(out, RUNS_TEXT_SIZE, "%Y-%m-%d %H:%M", &at) == 0)
        out[0] = '\0';
}
static void epochs_text(const struct run_record *run, char *out) {
    snprintf(out, RUNS_TEXT_SIZE, "%llu/%lld", (unsigned long long)run->epochs, (long long)run->params.epochs);
}
static void metric_text(double accuracy, double rmse, char *out) {
    char number[TEXT_NUMBER_SIZE];
    out[0] = '\0';
    if (isfinite(accuracy))
        put(out, text_percent(accuracy, 2, NUMBER_SCREEN, number));
    else if (isfinite(rmse))
        put(out, text_real(rmse, 4, NUMBER_SCREEN, number));
}
static void result_text(const struct run_record *run, char *out) {
    metric_text(run_accuracy(run), run_rmse(run), out);
}
static void best_text(const struct run_record *run, char *out) {
    metric_text(run_best_accuracy(run), run_best_rmse(run), out);
}

// ---- the list ---------------------------------------------------------------------------------------------

static const struct runs_field fields[] = {
    {.name = "id", .title = "run", .right = true, .descending = true, .number = run_id},
    {.name = "data", .title = "data", .words = true, .text = data_text},
    {.name = "model", .title = "model", .words = true, .text = model_text},
    {.name = "batch", .title = "batch", .right = true, .number = run_batch},
    {.name = "lr", .title = "lr", .right = true, .number = run_lr},
    {.name = "loss", .title = "loss", .right = true, .number = run_loss},
    {.name = "result", .title = "result", .right = true, .descending = true, .number = run_result, .text = result_text},
    {.name = "best", .title = "best", .right = true, .descending = true, .number = run_best, .text = best_text},
    {.name = "state", .title = "state", .words = true, .text = state_text},
    {.name = "done", .title = "epochs", .right = true, .number = run_epochs, .text = epochs_text},
    {.name = "seconds", .title = "time", .right = true, .number = run_seconds, .text = seconds_text},
    {.name = "started", .title = "started", .descending = true, .number = run_started, .text = started_text},
    {.name = "steps", .title = "steps", .right = true, .number = run_steps},
    {.name = "parent", .title = "parent", .right = true, .number = run_parent},
    {.name = "note", .title = "note", .words = true, .text = note_text},
    {.name = "acc", .number = run_accuracy},
    {.name = "best_acc", .number = run_best_accuracy},
    {.name = "rmse", .number = run_rmse},
    {.name = "best_rmse", .number = run_best_rmse},
    {.name = "train_loss", .number = run_train_loss},
    {.name = "val_loss", .number = run_val_loss},
    {.name = "samples", .number = run_samples},
    {.name = "name", .words = true, .text = name_text},
    {.name = "device", .words = true, .text = device_text},
};

size_t runs_field_count(void) {
    return sizeof fields / sizeof *fields;
}

const struct runs_field *runs_field_at(size_t index) {
    return &fields[index];
}

size_t runs_column_count(void) {
    size_t count = 0;
    while (count < runs_field_count() && fields[count].title)
        count++;
    return count;
}

static enum status unknown_field(const char *name, struct error *error) {
    struct text_nearest nearest = text_nearest_of(name);
    for (size_t i = 0; i < runs_field_count(); i++)
        text_nearest_try(&nearest, fields[i].name);
    for (size_t i = 0; i < train_table.count; i++)
        text_nearest_try(&nearest, train_table.rows[i].name);
    if (nearest.name)
        return error_set(error, STATUS_INVALID, "Runs have no \"%.40s\"; did you mean \"%s\"?", name, nearest.name);
    return error_set(
        error, STATUS_INVALID,
        "Runs have no \"%.40s\"; there are id, data, model, acc, rmse, loss, best_acc, state, seconds, note and "
        "every parameter, such as batch or lr.",
        name);
}

enum status runs_field_find(const char *name, struct runs_field *field, struct error *error) {
    for (size_t i = 0; i < runs_field_count(); i++) {
        if (text_equal(fields[i].name, name) || (text_equal(name, "run") && i == 0)) {
            *field = fields[i];
            return STATUS_OK;
        }
    }
    const struct param *param = params_find(&train_table, name);
    if (!param)
        return unknown_field(name, error);
    bool number = param->type == PARAM_INTEGER || param->type == PARAM_REAL;
    *field = (struct runs_field){.name = param->name, .words = !number, .param = param};
    return STATUS_OK;
}

double runs_field_number(const struct runs_field *field, const struct run_record *run) {
    char text[PARAM_TEXT_SIZE];
    double value = NAN;
    if (!field->param)
        return field->number ? field->number(run) : (double)NAN;
    number_parse(params_get(field->param, &run->params, text), &value);
    return value;
}

char *runs_field_text(const struct runs_field *field, const struct run_record *run, char out[RUNS_TEXT_SIZE]) {
    out[0] = '\0';
    if (field->param) {
        params_get(field->param, &run->params, out);
    } else if (field->text) {
        field->text(run, out);
    } else {
        double value = field->number(run);
        char number[TEXT_NUMBER_SIZE];
        if (!isnan(value))
            put(out, text_real(value, 4, NUMBER_SCREEN, number));
    }
    return out;
}

int runs_field_compare(const struct runs_field *field, bool descending, const struct run_record *a,
                       const struct run_record *b) {
    int order;
    if (field->words) {
        char left[RUNS_TEXT_SIZE], right[RUNS_TEXT_SIZE];
        order = strcmp(runs_field_text(field, a, left), runs_field_text(field, b, right));
        if (!left[0] || !right[0])
            return (left[0] == '\0') - (right[0] == '\0');
    } else {
        double left = runs_field_number(field, a), right = runs_field_number(field, b);
        if (isnan(left) || isnan(right))
            return isnan(left) - isnan(right);
        order = (left > right) - (left < right);
    }
    return descending ? -order : order;
}
