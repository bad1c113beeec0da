// batchlab race: the same data and seeds under several batch sizes.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "app/cli.h"
#include "app/cli_group.h"
#include "app/json.h"
#include "core/base/str.h"
#include "core/lab/options.h"

static enum status plan(const struct arguments *arguments, struct experiment *made, struct error *error) {
    struct race_options options;
    params_defaults(&race_table, &options);
    enum status status = cli_own_options(arguments, &race_table, &options, error);
    return status ? status : experiment_of_race(&options, made, error);
}

// ---- JSON lines -----------------------------------------------------------------------------------------

static const char *figure_of(const struct lab_view *view) {
    return view->classify ? "accuracy" : "rmse";
}

static double figure_in(const struct epoch_row *row, bool classify) {
    return row->epoch == 0 ? (double)NAN : epoch_figure(row, classify);
}

static void json_begun(const struct lab_view *view) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "start");
    json_number(object, "group", (double)view->id);
    cJSON_AddStringToObject(object, "data", view->name);
    json_number(object, "runs", (double)view->count);
    json_number(object, "done", (double)view->done);
    cJSON_AddItemToObject(object, "plan", experiment_json(view->plan, false));
    json_print_line(object);
    cJSON_Delete(object);
}

static void json_ended(const struct lab_view *view, size_t slot) {
    const struct lab_trial *trial = &view->trials[slot];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "run");
    json_number(object, "group", (double)view->id);
    json_number(object, "run", (double)trial->run);
    json_number(object, "batch", (double)trial->params->batch);
    json_number(object, "seed", (double)trial->params->seed);
    json_number(object, "lr", trial->params->lr);
    cJSON_AddStringToObject(object, "state", trial_state_name(trial->state));
    json_number(object, "steps", (double)trial->steps);
    json_number(object, "samples", (double)trial->samples);
    json_number(object, "seconds", trial->seconds);
    json_number(object, "ms_per_step", 1e3 * trial->step_seconds);
    json_number(object, "samples_per_s", trial->samples_per_s);
    json_number(object, "memory", (double)trial->bytes);
    json_number(object, "train_loss", trial->final_row.epoch ? trial->final_row.train_loss : (double)NAN);
    json_number(object, figure_of(view), figure_in(&trial->final_row, view->classify));
    json_number(object, view->classify ? "best_accuracy" : "best_rmse", figure_in(&trial->best_row, view->classify));
    if (trial->reason)
        cJSON_AddStringToObject(object, "reason", trial->reason);
    json_print_line(object);
    cJSON_Delete(object);
}

static void json_spread(cJSON *object, const char *name, struct spread spread) {
    cJSON *entry = cJSON_AddObjectToObject(object, name);
    json_number(entry, "mean", spread.mean);
    json_number(entry, "sd", spread.sd);
}

static void json_row(const struct lab_view *view, const struct race_row *row) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "batch");
    json_number(object, "batch", (double)row->batch);
    json_number(object, "lr", row->done ? row->lr : (double)NAN);
    json_number(object, "runs", (double)row->done);
    json_number(object, "reached", (double)row->reached);
    json_number(object, "ms_per_step", 1e3 * row->step_seconds);
    json_number(object, "samples_per_s", row->samples_per_s);
    json_number(object, "memory", (double)row->bytes);
    json_spread(object, "steps_to_target", row->steps);
    json_spread(object, "samples_to_target", row->samples);
    json_spread(object, "seconds_to_target", row->seconds);
    json_number(object, "predicted_seconds", row->predicted);
    json_spread(object, "final_train_loss", row->final_loss);
    json_spread(object, view->classify ? "final_accuracy" : "final_rmse", row->final);
    json_spread(object, view->classify ? "best_accuracy" : "best_rmse", row->best);
    json_print_line(object);
    cJSON_Delete(object);
}

static void json_fit(const struct lab_view *view) {
    cJSON *object = cJSON_CreateObject();
    bool accuracy = !isnan(view->plan->target_accuracy), fitted = view->fitted;
    cJSON_AddStringToObject(object, "event", "fit");
    json_number(object, "group", (double)view->id);
    json_number(object, accuracy ? "target_accuracy" : "target_loss", view->target);
    cJSON_AddBoolToObject(object, "target_chosen", view->target_chosen);
    json_number(object, "e_min", fitted ? view->fit.e_min : (double)NAN);
    json_number(object, "s_min", fitted ? view->fit.s_min : (double)NAN);
    json_number(object, "critical_batch", fitted ? view->fit.critical_batch : (double)NAN);
    json_number(object, "low", fitted ? view->fit.low : (double)NAN);
    json_number(object, "high", fitted ? view->fit.high : (double)NAN);
    cJSON_AddStringToObject(object, "method", fitted ? view->fit.method : "none");
    if (!fitted)
        cJSON_AddStringToObject(object, "reason", view->fit_reason);
    const struct race_row *soonest = view->soonest == SIZE_MAX ? NULL : &view->rows[view->soonest];
    json_number(object, "soonest_batch", soonest ? (double)soonest->batch : (double)NAN);
    json_number(object, "soonest_seconds", soonest ? soonest->predicted : (double)NAN);
    json_print_line(object);
    cJSON_Delete(object);
}

// ---- plain lines ----------------------------------------------------------------------------------------

static void print_ended(const struct lab_view *view, size_t slot) {
    const struct lab_trial *trial = &view->trials[slot];
    printf("%zu/%zu  run %" PRId64 "  batch %" PRId64 "  seed %" PRId64 "  lr %.4g  %s  %" PRIu64 " step%s in %.2f s",
           view->done + view->failed, view->count, trial->run, trial->params->batch, trial->params->seed,
           trial->params->lr, trial_state_name(trial->state), trial->steps, trial->steps == 1 ? "" : "s", trial->seconds);
    if (trial->final_row.epoch && view->classify)
        printf("  loss %.4f  accuracy %.2f %%", trial->final_row.train_loss,
               100 * figure_in(&trial->final_row, true));
    else if (trial->final_row.epoch)
        printf("  loss %.4g  rmse %.5g", trial->final_row.train_loss, figure_in(&trial->final_row, false));
    putchar('\n');
}

static void print_spread(struct spread spread, double scale, const char *unit, int digits) {
    char text[64];
    if (isnan(spread.mean))
        snprintf(text, sizeof text, "-");
    else if (isnan(spread.sd))
        snprintf(text, sizeof text, "%.*f%s", digits, scale * spread.mean, unit);
    else
        snprintf(text, sizeof text, "%.*f ± %.*f%s", digits, scale * spread.mean, digits, scale * spread.sd, unit);
    int columns = 0;
    for (const char *c = text; *c; c++)
        columns += ((unsigned char)*c & 0xc0) != 0x80;
    printf("%*s%s", columns < 17 ? 17 - columns : 1, "", text);
}

static void print_row(const struct lab_view *view, const struct race_row *row) {
    printf("%7" PRId64 " %8.4g %9.3f %11.0f %8.1f", row->batch, row->lr, 1e3 * row->step_seconds, row->samples_per_s,
           (double)row->bytes / 1e6);
    print_spread(row->steps, 1, "", 0);
    print_spread(row->samples, 1, "", 0);
    print_spread(row->seconds, 1, "", 3);
    print_spread(row->final_loss, 1, "", 4);
    print_spread(row->final, view->classify ? 100 : 1, view->classify ? " %" : "", view->classify ? 2 : 4);
    print_spread(row->best, view->classify ? 100 : 1, view->classify ? " %" : "", view->classify ? 2 : 4);
    printf("%s\n", row->reached < row->done ? "  *" : "");
}

static void print_fit(const struct lab_view *view) {
    if (!view->fitted) {
        printf("no trade-off line: %s\n", view->fit_reason);
        return;
    }
    const struct tradeoff *fit = &view->fit;
    printf("samples = Emin + Smin * batch:  Emin %.0f samples, Smin %.1f steps\n", fit->e_min, fit->s_min);
    if (!fit->resolved)
        printf("critical batch size: not resolved by these batch sizes (95 %% from %.3g up, by %s)\n", fit->low,
               fit->method);
    else if (isnan(fit->low))
        printf("critical batch size %.3g (two batch sizes give no interval)\n", fit->critical_batch);
    else
        printf("critical batch size %.3g (95 %%: %.3g to %.3g, by %s)\n", fit->critical_batch, fit->low, fit->high,
               fit->method);
    if (view->soonest != SIZE_MAX)
        printf("soonest here: batch %" PRId64 ", %.3f s to the target by (Smin + Emin/batch) * seconds per step\n",
               view->rows[view->soonest].batch, view->rows[view->soonest].predicted);
}

static void print_table(const struct lab_view *view) {
    bool accuracy = !isnan(view->plan->target_accuracy), lacking = false;
    printf("\n%7s %8s %9s %11s %8s%17s%17s%17s%17s%17s%17s\n", "batch", "lr", "ms/step", "samples/s", "MB",
           "steps to it", "samples to it", "seconds to it", "final loss", view->classify ? "final accuracy" : "final rmse",
           view->classify ? "best accuracy" : "best rmse");
    for (size_t i = 0; i < view->row_count; i++) {
        print_row(view, &view->rows[i]);
        lacking |= view->rows[i].reached < view->rows[i].done;
    }
    if (view->has_target)
        printf("target: %s %.4g%s\n", accuracy ? "validation accuracy" : "training loss",
               view->target, view->target_chosen ? ", which every batch size reached" : "");
    if (lacking)
        puts("* not every run reached it; those that did not are left out");
    print_fit(view);
}

// ---- the command ------------------------------------------------------------------------------------------

static void begun(const struct lab_view *view, bool json) {
    if (json)
        json_begun(view);
    else
        printf("group %" PRId64 ": %zu run%s, %zu batch size%s on %s, rule %s%s\n", view->id, view->count,
               view->count == 1 ? "" : "s", view->plan->batch_count, view->plan->batch_count == 1 ? "" : "s", view->name,
               rate_rule_name(view->plan->rule), view->done > 0 ? "; going on" : "");
}

static void ended(const struct lab_view *view, size_t slot, bool json) {
    if (json)
        json_ended(view, slot);
    else
        print_ended(view, slot);
}

static void finish(const struct lab_view *view, bool json) {
    for (size_t i = 0; json && i < view->row_count; i++)
        json_row(view, &view->rows[i]);
    if (json)
        json_fit(view);
    else
        print_table(view);
}

int cli_race(const struct arguments *arguments) {
    static const struct group_command command = {EXPERIMENT_RACE, plan, begun, ended, finish};
    return cli_group(arguments, &command);
}
