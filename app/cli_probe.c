// batchlab probe: what the weights of a run are like, and the loss on the line between two runs (core/lab/probe.h).
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "app/cli.h"
#include "app/cli_lab.h"
#include "app/json.h"
#include "core/base/mem.h"
#include "core/lab/probe.h"
#include "core/session_kept.h"

enum { POINTS_MOST = 1001 };

struct probe_call {
    const struct arguments *arguments;
    int64_t runs[2], rows, points;
    size_t run_count;
    const char *which; // checkpoint
    struct session *session;
    struct kept_run *kept[2];
    struct kept_rows own; // the first run's rows
    struct notes notes;
    struct backend *backend;
    struct trainer *trainers[2];
};

static enum status read_arguments(struct probe_call *call, struct error *error) {
    const struct arguments *arguments = call->arguments;
    enum status status = STATUS_OK;
    call->run_count = arguments->file_count;
    for (size_t i = 0; !status && i < call->run_count; i++)
        status = cli_number(arguments->files[i], "run", &call->runs[i], error);
    if (!status)
        status = cli_lab_number(arguments, FLAG_ROWS, "rows", 1, SHARPNESS_ROWS, &call->rows, error);
    if (!status)
        status = cli_lab_number(arguments, FLAG_POINTS, "points", 2, 25, &call->points, error);
    if (!status && call->points > POINTS_MOST)
        status =
            error_set(error, STATUS_INVALID, "--points %" PRId64 ": must be at most %d", call->points, POINTS_MOST);
    if (!status && call->run_count == 1 && arguments->flags[FLAG_POINTS])
        status =
            error_set(error, STATUS_INVALID, "--points is about the line between two runs; name the other one too");
    if (!status && call->run_count == 2 && arguments->flags[FLAG_ROWS])
        status = error_set(error, STATUS_INVALID, "--rows is about the sharpness of one run; leave the other one out");
    call->which = arguments->flags[FLAG_CHECKPOINT] ? arguments->flags[FLAG_CHECKPOINT] : "last";
    return status;
}

// ---- opening ----------------------------------------------------------------------------------------------

static enum status open_run(struct probe_call *call, size_t index, struct error *error) {
    const struct arguments *arguments = call->arguments;
    enum status status = session_kept_run(call->session, call->runs[index], call->which, &call->kept[index], error);
    for (size_t i = 0; !status && i < arguments->setting_count; i++)
        status = params_set(&train_table, &call->kept[index]->params, arguments->settings[i].name,
                            arguments->settings[i].text, error);
    if (!status && index == 1 && call->kept[1]->fingerprint != call->kept[0]->fingerprint)
        status = error_set(error, STATUS_INVALID,
                           "runs %" PRId64 " and %" PRId64
                           " were trained on other rows, or on other preparations of them; their losses cannot be "
                           "compared on one line",
                           call->runs[0], call->runs[1]);
    return status;
}

static enum status open_trainer(struct probe_call *call, size_t index, struct error *error) {
    const struct kept_run *kept = call->kept[index];
    enum status status = trainer_open(&call->trainers[index], &kept->params, call->own.source, call->backend, error);
    return status ? status : trainer_load(call->trainers[index], kept->checkpoint, error);
}

static enum status open_all(struct probe_call *call, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < call->run_count; i++)
        status = open_run(call, i, error);
    if (!status)
        status = kept_run_rows(call->kept[0], &call->own, &call->notes, NULL, error);
    if (!status)
        cli_notes(call->kept[0]->record.data_path, &call->notes);
    if (!status)
        status = trainer_backend(&call->kept[0]->params, &call->backend, error);
    for (size_t i = 0; !status && i < call->run_count; i++)
        status = open_trainer(call, i, error);
    return status;
}

static void close_all(struct probe_call *call) {
    for (size_t i = 0; i < 2; i++) {
        trainer_close(call->trainers[i]);
        kept_run_free(call->kept[i]);
    }
    backend_close(call->backend);
    kept_rows_clear(&call->own);
    notes_free(&call->notes);
}

// ---- one run ----------------------------------------------------------------------------------------------

static void print_run(const struct probe_call *call, const struct sharpness *sharp, const struct distance *far,
                      size_t rows) {
    if (!call->arguments->flags[FLAG_JSON]) {
        printf("run %" PRId64 "  %s  step %" PRIu64 "\n", call->runs[0], call->kept[0]->record.name,
               call->kept[0]->step);
        printf("  distance from the start %.6g (length of the weights %.6g, at the start %.6g)\n", far->moved,
               far->norm, far->start);
        printf("  sharpness %.6g: the loss of %zu training rows is %.6g, and %.6g at worst within %g of every weight\n",
               sharp->sharpness, rows, sharp->loss, sharp->largest, SHARPNESS_EPSILON);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    json_number(object, "run", (double)call->runs[0]);
    json_number(object, "step", (double)call->kept[0]->step);
    json_number(object, "distance", far->moved);
    json_number(object, "weight_norm", far->norm);
    json_number(object, "start_norm", far->start);
    json_number(object, "sharpness", sharp->sharpness);
    json_number(object, "loss", sharp->loss);
    json_number(object, "largest_loss", sharp->largest);
    json_number(object, "epsilon", SHARPNESS_EPSILON);
    json_number(object, "rows", (double)rows);
    json_print_line(object);
    cJSON_Delete(object);
}

static enum status probe_run(struct probe_call *call, struct error *error) {
    struct sharpness sharp;
    struct distance far;
    size_t count;
    enum status status = probe_distance(call->trainers[0], &far, error);
    if (!status)
        status = probe_sharpness_of_rows(call->trainers[0], (size_t)call->rows, &sharp, &count, NULL, error);
    if (!status)
        print_run(call, &sharp, &far, count);
    return status;
}

// ---- two runs ---------------------------------------------------------------------------------------------

static void print_point(const struct probe_call *call, size_t point, const struct evaluation *train,
                        const struct evaluation *validation) {
    bool classify = call->own.source->task == SOURCE_CLASSIFY;
    double share = (double)point / (double)(call->points - 1);
    if (!call->arguments->flags[FLAG_JSON]) {
        printf("%8.4f %12.6g %12.6g %12.6g %12.6g\n", share, train->loss, validation->loss,
               classify ? train->accuracy : train->rmse, classify ? validation->accuracy : validation->rmse);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    json_number(object, "alpha", share);
    json_number(object, "train_loss", train->loss);
    json_number(object, "val_loss", validation->loss);
    json_number(object, classify ? "train_accuracy" : "train_rmse", classify ? train->accuracy : train->rmse);
    json_number(object, classify ? "val_accuracy" : "val_rmse", classify ? validation->accuracy : validation->rmse);
    json_print_line(object);
    cJSON_Delete(object);
}

static enum status probe_two(struct probe_call *call, struct error *error) {
    struct evaluation *found = mem_alloc((size_t)call->points, 2 * sizeof *found);
    if (!found)
        return error_memory(error, "a line", (size_t)call->points * 2 * sizeof *found);
    enum status status = probe_line(call->trainers[0], call->trainers[1], (size_t)call->points, found,
                                    found + call->points, NULL, error);
    if (!status && !call->arguments->flags[FLAG_JSON])
        printf("%8s %12s %12s %12s %12s\n", "share", "train loss", "val loss", "train", "validation");
    for (size_t i = 0; !status && i < (size_t)call->points; i++)
        print_point(call, i, &found[i], &found[(size_t)call->points + i]);
    mem_free(found);
    return status;
}

int cli_probe(const struct arguments *arguments) {
    struct probe_call call = {.arguments = arguments};
    struct error error;
    if (read_arguments(&call, &error))
        return cli_usage(&error);
    struct session_options options = {.no_profile = true};
    enum status status = session_open(&call.session, &options, &error);
    if (!status)
        status = open_all(&call, &error);
    if (!status)
        status = call.run_count == 1 ? probe_run(&call, &error) : probe_two(&call, &error);
    close_all(&call);
    session_close(call.session);
    return status ? cli_fail(&error) : EXIT_DONE;
}
