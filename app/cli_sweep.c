// batchlab sweep: many values of parameters, the best of them, and which of them matter.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "app/cli.h"
#include "app/cli_group.h"
#include "app/json.h"
#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lab/options.h"

enum { PLAN_MOST = 1 << 20, BEST_SHOWN = 10 };

// ---- the plan ---------------------------------------------------------------------------------------------

static enum status read_file(const char *path, struct experiment *plan, struct error *error) {
    char *text = NULL;
    size_t size = 0;
    enum status status = file_read(path, PLAN_MOST, &text, &size, error);
    if (status)
        return status;
    cJSON *object = cJSON_Parse(text);
    status = object ? experiment_parse(object, plan, error)
                    : error_set(error, STATUS_INVALID, "not JSON, around \"%.20s\"", cJSON_GetErrorPtr());
    if (status)
        error_prefix(error, "%s", path);
    cJSON_Delete(object);
    mem_free(text);
    return status;
}

// What the file says stands where no flag says otherwise.
static void options_of(const struct experiment *plan, struct sweep_options *options) {
    params_defaults(&sweep_table, options);
    snprintf(options->method, sizeof options->method, "%s", sweep_method_name(plan->method));
    snprintf(options->objective, sizeof options->objective, "%s", plan->objective);
    options->trials = plan->trials;
    options->eta = plan->eta;
    options->first_epochs = plan->first_epochs;
    options->at_once = plan->at_once;
}

static enum status make_plan(const struct arguments *arguments, struct experiment *plan, struct error *error) {
    struct sweep_options options;
    const char *path = arguments->flags[FLAG_SWEEP_FILE];
    enum status status = STATUS_OK;
    plan->method = SWEEP_RANDOM;
    if (path)
        status = read_file(path, plan, error);
    options_of(plan, &options);
    if (!status)
        status = cli_own_options(arguments, &sweep_table, &options, error);
    return status ? status : experiment_of_sweep(&options, plan, error);
}

// ---- JSON lines -----------------------------------------------------------------------------------------

static void json_begun(const struct lab_view *view) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "start");
    json_number(object, "group", (double)view->id);
    cJSON_AddStringToObject(object, "data", view->name);
    json_number(object, "trials", (double)(view->count / experiment_rungs(view->plan)));
    json_number(object, "done", (double)view->done);
    cJSON_AddItemToObject(object, "plan", experiment_json(view->plan, false));
    json_print_line(object);
    cJSON_Delete(object);
}

static void json_values(cJSON *object, const struct lab_view *view, size_t slot) {
    cJSON *values = cJSON_AddObjectToObject(object, "values");
    for (size_t i = 0; i < view->plan->axis_count; i++) {
        char text[PARAM_TEXT_SIZE];
        double number = 0;
        const char *name = view->plan->axes[i].name;
        experiment_value(view->plan, slot / experiment_rungs(view->plan), i, text);
        if (params_find(&train_table, name)->type <= PARAM_REAL && number_parse(text, &number))
            json_number(values, name, number);
        else
            cJSON_AddStringToObject(values, name, text);
    }
}

static void json_trial(cJSON *object, const struct lab_view *view, size_t slot) {
    const struct lab_trial *trial = &view->trials[slot];
    size_t rungs = experiment_rungs(view->plan);
    json_number(object, "trial", (double)(slot / rungs));
    if (rungs > 1)
        json_number(object, "rung", (double)(slot % rungs));
    json_number(object, "run", (double)trial->run);
    json_values(object, view, slot);
    json_number(object, "epochs", (double)trial->final_row.epoch);
    cJSON_AddStringToObject(object, "state", trial_state_name(trial->state));
    json_number(object, view->figure_name, trial->figure);
    json_number(object, "seconds", trial->seconds);
    if (trial->reason)
        cJSON_AddStringToObject(object, "reason", trial->reason);
}

static void json_ended(const struct lab_view *view, size_t slot) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "trial");
    json_number(object, "group", (double)view->id);
    json_trial(object, view, slot);
    json_number(object, "best", view->best == SIZE_MAX ? (double)NAN : view->trials[view->best].figure);
    json_print_line(object);
    cJSON_Delete(object);
}

// Of the wall clock, for each of the runs side by side.
static double time_at_work(const struct lab_view *view) {
    return view->wall * (double)(view->at_once > 0 ? view->at_once : 1);
}

// Forward, backward and update. Gathering the rows and evaluating do not count as steps.
static double step_share(const struct lab_view *view) {
    return view->wall > 0 ? view->spent.steps / time_at_work(view) : (double)NAN;
}

static void json_time(cJSON *object, const struct lab_view *view) {
    const struct run_times *spent = &view->spent;
    json_number(object, "at_once", (double)view->at_once);
    json_number(object, "step_share", step_share(view));
    cJSON *time = cJSON_AddObjectToObject(object, "time");
    json_number(time, "steps", spent->steps);
    json_number(time, "data", spent->data);
    json_number(time, "evaluation", spent->evaluation);
    json_number(time, "keeping", spent->keeping);
    json_number(time, "rest", spent->rest);
    json_number(time, "between_runs", time_at_work(view) - run_times_sum(spent));
}

static void json_finish(const struct lab_view *view) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "done");
    json_number(object, "group", (double)view->id);
    cJSON_AddStringToObject(object, "state", view->state);
    json_number(object, "runs", (double)view->done);
    json_number(object, "failed", (double)view->failed);
    if (view->best != SIZE_MAX)
        json_trial(cJSON_AddObjectToObject(object, "best"), view, view->best);
    cJSON *importance = cJSON_AddObjectToObject(object, "importance");
    for (size_t i = 0; i < view->plan->axis_count; i++)
        json_number(importance, view->plan->axes[i].name, view->importance[i]);
    cJSON_AddStringToObject(object, "importance_measure", "epsilon squared");
    json_number(object, "seconds", view->seconds);
    json_number(object, "wall_seconds", view->wall);
    json_time(object, view);
    json_print_line(object);
    cJSON_Delete(object);
}

// ---- plain lines ----------------------------------------------------------------------------------------

static void print_figure(const struct lab_view *view, const struct lab_trial *trial) {
    if (isnan(trial->figure))
        printf("%12s", trial->state == TRIAL_FAILED ? "failed" : "-");
    else if (text_equal(view->figure_name, "val_accuracy"))
        printf("%10.2f %%", 100 * trial->figure);
    else
        printf("%12.6g", trial->figure);
}

static void print_trial(const struct lab_view *view, size_t slot) {
    const struct lab_trial *trial = &view->trials[slot];
    size_t rungs = experiment_rungs(view->plan);
    printf("%6zu %6" PRId64 " %7" PRIu64, slot / rungs, trial->run, trial->final_row.epoch);
    print_figure(view, trial);
    printf(" %8.2f s ", trial->seconds);
    for (size_t i = 0; i < view->plan->axis_count; i++) {
        char text[PARAM_TEXT_SIZE];
        experiment_value(view->plan, slot / rungs, i, text);
        printf(" %s=%s", view->plan->axes[i].name, text);
    }
    putchar('\n');
}

static void print_header(const struct lab_view *view) {
    printf("%6s %6s %7s %11s %10s  values\n", "trial", "run", "epochs", view->figure_name, "time");
}

static void print_finish(const struct lab_view *view) {
    bool *shown = mem_alloc(view->count, sizeof *shown);
    printf("\nthe best, by %s:\n", view->figure_name);
    print_header(view);
    for (size_t i = 0; shown && i < BEST_SHOWN; i++) {
        size_t best = SIZE_MAX;
        for (size_t slot = 0; slot < view->count; slot++) {
            const struct lab_trial *trial = &view->trials[slot];
            if (trial->state == TRIAL_DONE && !isnan(trial->score) && !shown[slot] &&
                (best == SIZE_MAX || trial->score < view->trials[best].score))
                best = slot;
        }
        if (best == SIZE_MAX)
            break;
        shown[best] = true;
        print_trial(view, best);
    }
    mem_free(shown);
    printf("importance (share of the variance between values, epsilon squared):");
    for (size_t i = 0; i < view->plan->axis_count; i++) {
        if (isnan(view->importance[i]))
            printf("  %s -", view->plan->axes[i].name);
        else
            printf("  %s %.2f", view->plan->axes[i].name, view->importance[i]);
    }
    printf("\n%zu runs in %.1f s", view->done, view->wall);
    if (view->wall > 0)
        printf(", %zu at once, %.1f %% of the time in steps", view->at_once, 100 * step_share(view));
    putchar('\n');
}

// ---- the command ------------------------------------------------------------------------------------------

static void begun(const struct lab_view *view, bool json) {
    if (json) {
        json_begun(view);
        return;
    }
    size_t trials = view->count / experiment_rungs(view->plan);
    printf("group %" PRId64 ": %s over %zu parameter%s, %zu trial%s on %s%s\n", view->id,
           sweep_method_name(view->plan->method), view->plan->axis_count, view->plan->axis_count == 1 ? "" : "s", trials,
           trials == 1 ? "" : "s", view->name, view->done > 0 ? "; going on" : "");
    print_header(view);
}

static void ended(const struct lab_view *view, size_t slot, bool json) {
    if (json)
        json_ended(view, slot);
    else
        print_trial(view, slot);
}

static void finish(const struct lab_view *view, bool json) {
    if (json)
        json_finish(view);
    else
        print_finish(view);
}

int cli_sweep(const struct arguments *arguments) {
    static const struct group_command command = {EXPERIMENT_SWEEP, make_plan, begun, ended, finish};
    return cli_group(arguments, &command);
}
