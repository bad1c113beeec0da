// The plain dialogue: parameters, model and the run that trains.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/plain_parts.h"
#include "core/base/str.h"

enum { EPOCHS_USUAL = 10 };

static const struct snapshot *snapshot_of(const struct plain *plain) {
    return session_snapshot(plain->session);
}

// ---- parameters ---------------------------------------------------------------------------------------------------

static void tell_parameter(const struct param *row, const struct train_params *params) {
    const char *unit = row->unit ? row->unit : "";
    char text[PARAM_TEXT_SIZE];
    params_get(row, params, text);
    printf("%s: %s%s%s\n", row->name, text[0] ? text : "none", unit[0] ? " " : "", unit);
}

enum status plain_parameters(struct plain *plain, const struct plain_line *line, struct error *error) {
    const char *group = line->count > 0 ? line->words[0] : "";
    const struct train_params *params = snapshot_of(plain)->params;
    size_t told = 0;
    for (size_t i = 0; i < train_table.count; i++) {
        const struct param *row = &train_table.rows[i];
        if ((group[0] && !text_equal(row->group, group)) || !session_uses(snapshot_of(plain), row, NULL))
            continue;
        tell_parameter(row, params);
        told++;
    }
    return told > 0 ? STATUS_OK : error_set(error, STATUS_INVALID, "there is no group \"%s\"; see help parameters", group);
}

static enum status find_parameter(const char *name, const struct param **row, struct error *error) {
    struct train_params scratch;
    *row = params_find(&train_table, name);
    if (*row)
        return STATUS_OK;
    params_defaults(&train_table, &scratch);
    return params_set(&train_table, &scratch, name, "", error); // says which is nearest
}

enum status plain_parameter(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct param *row;
    char range[PARAM_TEXT_SIZE], why[PARAM_TEXT_SIZE];
    enum status status = find_parameter(line->words[0], &row, error);
    if (status)
        return status;
    tell_parameter(row, snapshot_of(plain)->params);
    puts(row->help);
    if (params_range_text(row, range)[0])
        printf("values: %s\n", range);
    printf("usual: %s\n", row->fallback[0] ? row->fallback : "none");
    puts(row->live ? "changes while a run lives" : "stays as it is while a run lives");
    if (!session_uses(snapshot_of(plain), row, why))
        puts(why);
    return STATUS_OK;
}

// After a change, what it is now: a live one takes effect at the next step, and says so itself.
static enum status told(struct plain *plain, const char *name, enum status status, struct error *error) {
    const struct param *row;
    if (!status)
        status = find_parameter(name, &row, error);
    if (!status && !session_run_alive(plain->session))
        tell_parameter(row, snapshot_of(plain)->params);
    return status;
}

enum status plain_set(struct plain *plain, const struct plain_line *line, struct error *error) {
    return told(plain, line->words[0], session_set(plain->session, line->words[0], line->words[1], error), error);
}

enum status plain_raise(struct plain *plain, const struct plain_line *line, struct error *error) {
    return told(plain, line->words[0], session_nudge(plain->session, line->words[0], 1, error), error);
}

enum status plain_lower(struct plain *plain, const struct plain_line *line, struct error *error) {
    return told(plain, line->words[0], session_nudge(plain->session, line->words[0], -1, error), error);
}

enum status plain_undo(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    enum status status = session_undo(plain->session, error);
    if (!status)
        puts("undone");
    return status;
}

enum status plain_redo(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    enum status status = session_redo(plain->session, error);
    if (!status)
        puts("done again");
    return status;
}

enum status plain_model(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    enum status status = plain_settle(plain, error);
    const struct snapshot *snapshot = snapshot_of(plain);
    if (status)
        return status;
    if (!snapshot->layers)
        return error_set(error, STATUS_STATE, "%s", snapshot->model_reason[0]
                                                        ? snapshot->model_reason
                                                        : "nothing is open; open FILE opens a table or an image set");
    for (size_t i = 0; i < snapshot->layer_count; i++) {
        const struct model_row *row = &snapshot->layers[i];
        printf("layer %zu, %s: %s%s%s\n", i + 1, row->name, row->kind, row->settings[0] ? ", " : "", row->settings);
    }
    printf("weights: %zu\nfloating-point operations of a row, there and back: %.6g\n", snapshot->weight_count,
           snapshot->flops);
    return STATUS_OK;
}

// ---- the run ----------------------------------------------------------------------------------------------------------

enum status plain_train(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    return session_start(plain->session, error);
}

enum status plain_pause(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    return session_pause(plain->session, error);
}

enum status plain_next(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    return session_one_step(plain->session, error);
}

static bool only_its_end(struct plain *plain, uint64_t since) { // a paused run is stopped too
    (void)plain, (void)since;
    return false;
}

enum status plain_stop(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    enum status status = session_stop(plain->session, error);
    return status ? status : plain_wait_run(plain, only_its_end, 0, error);
}

enum status plain_restart(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    return session_restart(plain->session, error);
}

static bool is_saved(struct plain *plain, uint64_t before) {
    return plain->checkpoints > before || plain->refused;
}

enum status plain_checkpoint(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    uint64_t before = plain->checkpoints;
    plain->refused = false;
    enum status status = session_checkpoint(plain->session, error);
    if (!status)
        status = plain_wait_run(plain, is_saved, before, error);
    if (!status && plain->checkpoints > before)
        printf("saved: %s\n", snapshot_of(plain)->run->record.checkpoint);
    return status;
}

enum status plain_back(struct plain *plain, const struct plain_line *line, struct error *error) {
    if (line->count > 0 && !text_equal(line->words[0], "change"))
        return error_set(error, STATUS_INVALID, "back \"%s\": must be change, or nothing", line->words[0]);
    return line->count > 0 ? session_roll_back_change(plain->session, error) : session_roll_back(plain->session, error);
}

enum status plain_mark(struct plain *plain, const struct plain_line *line, struct error *error) {
    return session_mark(plain->session, line->words[0], error);
}

static bool is_tested(struct plain *plain, uint64_t before) {
    return snapshot_of(plain)->range_count > before || plain->refused;
}

static void tell_range(const struct range_curve *curve) {
    const struct {
        const char *name;
        double rate;
    } found[] = {{"within the longest fall of the loss", curve->valley},
                 {"where the loss falls fastest", curve->steep},
                 {"a tenth of where the loss is least", curve->minimum},
                 {"before the loss goes up again", curve->slide}};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        if (!isnan(found[i].rate))
            printf("learning rate %.3g: %s\n", found[i].rate, found[i].name);
}

enum status plain_range(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    uint64_t before = snapshot_of(plain)->range_count;
    plain->refused = false;
    enum status status = session_run_alive(plain->session) ? STATUS_OK : plain_settle(plain, error);
    if (!status)
        status = session_range_test(plain->session, error);
    if (!status)
        status = plain_wait_run(plain, is_tested, before, error);
    if (!status && snapshot_of(plain)->range_count > before)
        tell_range(snapshot_of(plain)->range);
    return status;
}

enum status plain_wait(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    return plain_wait_run(plain, NULL, 0, error);
}

enum status plain_tell(struct plain *plain, const struct plain_line *line, struct error *error) {
    size_t seconds = 0;
    if (text_equal(line->words[0], "no")) {
        plain->tell_every = -1;
        return STATUS_OK;
    }
    if (text_equal(line->words[0], "0")) {
        plain->tell_every = 0;
        return STATUS_OK;
    }
    enum status status = plain_number(line, 0, "seconds", 1, 86400, 1, &seconds, error);
    if (!status)
        plain->tell_every = (double)seconds;
    return status;
}

// ---- where it stands -----------------------------------------------------------------------------------------------------

static enum status run_of(struct plain *plain, const struct run_view **run, struct error *error) {
    *run = snapshot_of(plain)->run;
    return *run ? STATUS_OK : error_set(error, STATUS_STATE, "there is no run yet; train begins one");
}

void plain_epoch_line(const struct epoch_row *row, bool classify) {
    printf("epoch %" PRIu64 ": loss %.5g", row->epoch, row->train_loss);
    if (!isnan(row->val_loss))
        printf(", validation loss %.5g", row->val_loss);
    if (classify && !isnan(row->val_accuracy))
        printf(", validation accuracy %.2f percent", 100 * row->val_accuracy);
    else if (!classify && !isnan(row->val_rmse))
        printf(", validation rmse %.6g", row->val_rmse);
    putchar('\n');
}

enum status plain_status(struct plain *plain, const struct plain_line *line, struct error *error) {
    (void)line;
    const struct run_view *run;
    enum status status = run_of(plain, &run, error);
    const struct snapshot *snapshot = snapshot_of(plain);
    if (status)
        return status;
    const struct train_params *params = snapshot->params;
    printf("run %" PRId64 ", %s: %s\n", run->record.id, run->record.name, run_state_name(snapshot->state));
    if (snapshot->device.backend[0])
        printf("device: %s, %s\n", snapshot->device.backend, snapshot->device.precision);
    if (run->curve.point_count > 0) {
        const struct step_metrics *last = &run->curve.points[run->curve.point_count - 1];
        printf("step: %" PRIu64 " of %" PRIu64 "\nepoch: %.2f of %" PRId64 "\nloss of the step: %.5g\n", last->step,
               snapshot->steps_total, last->epoch, params->epochs, (double)last->loss);
        printf("gradient norm: %.4g\nupdate over weights: %.4g\n", (double)last->gradient_norm,
               (double)last->update_ratio);
    }
    printf("learning rate: %.6g\nbatch: %" PRId64 "\nrows a second: %.0f\n", params->lr, params->batch,
           snapshot->samples_per_s);
    if (session_run_alive(plain->session) && !isnan(snapshot->seconds_left))
        printf("seconds left: %.0f\n", snapshot->seconds_left);
    if (snapshot->gauge.known)
        printf("noise scale: %.4g\n", snapshot->noise->noise_scale);
    if (run->curve.epoch_count > 0)
        plain_epoch_line(&run->curve.epochs[run->curve.epoch_count - 1], run->record.classify);
    return STATUS_OK;
}

enum status plain_epochs(struct plain *plain, const struct plain_line *line, struct error *error) {
    const struct run_view *run;
    size_t most;
    enum status status = run_of(plain, &run, error);
    if (!status)
        status = plain_number(line, 0, "count", 1, SIZE_MAX, EPOCHS_USUAL, &most, error);
    if (status)
        return status;
    size_t count = run->curve.epoch_count;
    for (size_t i = count > most ? count - most : 0; i < count; i++)
        plain_epoch_line(&run->curve.epochs[i], run->record.classify);
    if (count == 0)
        puts("no epoch has ended yet");
    return STATUS_OK;
}
