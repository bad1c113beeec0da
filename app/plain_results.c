// The plain dialogue: what runs are worth, and the runs there are.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/cli.h"
#include "app/plain_parts.h"

enum { RUNS_USUAL = 10, WORST_USUAL = 10 };

static const struct snapshot *snapshot_of(const struct plain *plain) {
    return session_snapshot(plain->session);
}

static enum status run_number(const struct plain_line *line, int64_t *run, struct error *error) {
    return cli_number(line->words[0], "run", run, error);
}

// ---- evaluation ----------------------------------------------------------------------------------------------------

static void tell_figure(const char *name, double value) {
    if (!isnan(value))
        printf("%s: %.6g\n", name, value);
}

static void tell_classes(const struct measurement *made) {
    const struct class_figures *figures = &made->figures.of_classes;
    tell_figure("accuracy", figures->accuracy);
    tell_figure("balanced accuracy", figures->balanced);
    tell_figure("log loss", figures->log_loss);
    tell_figure("Brier score", figures->brier);
    tell_figure("calibration error", figures->ece);
    tell_figure("area under the ROC curve", figures->auc);
    for (size_t i = 0; i < made->classes; i++)
        printf("class %s: %" PRIu64 " %s, precision %.4f, recall %.4f, F1 %.4f\n", made->class_names[i],
               figures->each[i].rows, figures->each[i].rows == 1 ? "row" : "rows", figures->each[i].precision, figures->each[i].recall, figures->each[i].f1);
}

static void tell_numbers(const struct number_figures *figures) {
    tell_figure("root mean squared error", figures->rmse);
    tell_figure("mean absolute error", figures->mae);
    tell_figure("R squared", figures->r2);
    tell_figure("bias", figures->bias);
}

static enum status made_of(struct plain *plain, const struct measurement **made, struct error *error) {
    *made = snapshot_of(plain)->evaluate.made;
    return *made ? STATUS_OK : error_set(error, STATUS_STATE, "nothing was evaluated yet; evaluate RUN does so");
}

enum status plain_evaluate(struct plain *plain, const struct plain_line *line, struct error *error) {
    struct evaluate_wish wish = {.part = PART_VALIDATION};
    const struct measurement *made;
    enum status status = line->count > 0 ? run_number(line, &wish.run, error) : STATUS_OK;
    if (!status)
        status = session_evaluate(plain->session, &wish, error);
    if (!status)
        status = plain_settle(plain, error);
    if (status)
        return status;
    if (snapshot_of(plain)->evaluate.reason[0])
        return error_set(error, STATUS_STATE, "%s", snapshot_of(plain)->evaluate.reason);
    status = made_of(plain, &made, error);
    if (status)
        return status;
    printf("run %" PRId64 ", %s, step %" PRIu64 ": %zu validation %s\n", made->record.id, made->record.name,
           made->step, made->figures.each_count, made->figures.each_count == 1 ? "row" : "rows");
    if (made->figures.classify)
        tell_classes(made);
    else
        tell_numbers(&made->figures.of_numbers);
    return STATUS_OK;
}

enum status plain_confusion(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    const struct measurement *made;
    enum status status = made_of(plain, &made, error);
    if (!status && !made->figures.classify)
        return error_set(error, STATUS_STATE, "run %" PRId64 " predicts a number: no class is taken for another",
                         made->record.id);
    size_t wrong = 0;
    for (size_t i = 0; !status && i < made->classes * made->classes; i++) {
        uint64_t count = made->figures.classes.confusion[i];
        if (count == 0 || i / made->classes == i % made->classes)
            continue;
        printf("%s taken for %s: %" PRIu64 "\n", made->class_names[i / made->classes],
               made->class_names[i % made->classes], count);
        wrong++;
    }
    if (!status && wrong == 0)
        puts("every row was taken for its class");
    return status;
}

static void tell_worst(const struct measurement *made, const struct evaluated_row *row) {
    printf("row %" PRIu64, row->row + 1);
    if (row->line)
        printf(", line %" PRIu64, row->line);
    if (made->figures.classify)
        printf(": %s, taken for %s, chance of the true class %.4f\n", made->class_names[row->label],
               made->class_names[row->taken], (double)row->chance);
    else
        printf(": %.6g, predicted %.6g\n", row->truth, row->predicted);
}

enum status plain_worst(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct measurement *made;
    size_t most;
    enum status status = made_of(plain, &made, error);
    if (!status)
        status = plain_number(line, 0, "count", 1, SIZE_MAX, WORST_USUAL, &most, error);
    for (size_t i = 0; !status && i < made->figures.each_count && i < most; i++)
        tell_worst(made, &made->figures.each[made->order[i]]);
    return status;
}

// ---- runs ---------------------------------------------------------------------------------------------------------------

static void tell_run(const struct run_record *run) {
    printf("run %" PRId64 ", %s: %s, %" PRIu64 " steps, batch %" PRId64 ", learning rate %.4g", run->id, run->name,
           run_state_name(run->state), run->steps, run->params.batch, run->params.lr);
    if (run->epochs && run->classify && !isnan(run->final_row.val_accuracy))
        printf(", validation accuracy %.2f percent", 100 * run->final_row.val_accuracy);
    else if (run->epochs && !isnan(run->final_row.val_rmse))
        printf(", validation rmse %.6g", run->final_row.val_rmse);
    printf("%s%s\n", run->note[0] ? "; note: " : "", run->note);
}

enum status plain_runs(struct plain *plain, const struct plain_line *line, struct error *error) {
    size_t most;
    enum status status = plain_number(line, 0, "count", 1, SIZE_MAX, RUNS_USUAL, &most, error);
    if (!status)
        status = session_refresh_runs(plain->session, error);
    const struct snapshot *snapshot = snapshot_of(plain);
    for (size_t i = 0; !status && i < snapshot->run_count && i < most; i++)
        tell_run(&snapshot->runs[i]);
    if (!status && snapshot->run_count == 0)
        puts("there are no runs yet; train begins one");
    return status;
}

enum status plain_resume(struct plain *plain, const struct plain_line *line, struct error *error) {
    int64_t run;
    enum status status = run_number(line, &run, error);
    return status ? status : session_resume(plain->session, run, error);
}

enum status plain_fork(struct plain *plain, const struct plain_line *line, struct error *error) {
    int64_t run;
    enum status status = run_number(line, &run, error);
    return status ? status : session_fork(plain->session, run, "last", line->words[1], error);
}

enum status plain_note(struct plain *plain, const struct plain_line *line, struct error *error) {
    int64_t run;
    enum status status = run_number(line, &run, error);
    return status ? status : session_run_note(plain->session, run, line->words[1], error);
}
