#include "tests/support/snapshots.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/mem.h"

// A number in [-1, 1] that depends on i alone.
static double noise(uint64_t i) {
    uint64_t x = (i + 1) * 0x9E3779B97F4A7C15u;
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 32;
    return (double)(x % 20001) / 10000 - 1;
}

static void grow(void *items, size_t *capacity, size_t count, size_t size) {
    if (!vec_reserve(items, capacity, count, size))
        abort();
}

void snapshots_point(struct run_view *run, struct step_metrics point) {
    struct curve *curve = &run->curve;
    grow(&curve->points, &curve->point_capacity, curve->point_count + 1, sizeof *curve->points);
    curve->points[curve->point_count++] = point;
}

void snapshots_epoch(struct run_view *run, struct epoch_row row) {
    struct curve *curve = &run->curve;
    grow(&curve->epochs, &curve->epoch_capacity, curve->epoch_count + 1, sizeof *curve->epochs);
    curve->epochs[curve->epoch_count++] = row;
}

void snapshots_mark(struct run_view *run, enum event_kind kind, const char *text) {
    struct curve *curve = &run->curve;
    const struct step_metrics *last = &curve->points[curve->point_count - 1];
    grow(&curve->marks, &curve->mark_capacity, curve->mark_count + 1, sizeof *curve->marks);
    struct mark *mark = &curve->marks[curve->mark_count++];
    *mark = (struct mark){
        .step = last->step, .samples = last->samples, .epoch = last->epoch, .seconds = last->seconds, .kind = kind};
    snprintf(mark->text, sizeof mark->text, "%s", text);
}

static void begin(struct snapshots *made) {
    *made = (struct snapshots){0};
    params_defaults(&train_table, &made->params);
    made->snapshot = (struct snapshot){.version = 1, .params = &made->params, .seconds_left = NAN};
}

static void begin_run(struct run_view *run, int64_t id, const char *name, const struct train_params *params) {
    *run = (struct run_view){.record = {.id = id, .started = 1.7e9 + (double)id * 3600, .params = *params}};
    snprintf(run->record.name, sizeof run->record.name, "%s", name);
}

// ---- curves -----------------------------------------------------------------------------------------------

struct shape_of_run {
    double loss, decay, floor; // loss(epoch) = floor + loss · e^(-decay · epoch)
    double best;               // accuracy, or RMSE, in the end
    bool classify;
};

static double loss_at(const struct shape_of_run *shape, double epoch) {
    return shape->floor + shape->loss * exp(-shape->decay * epoch);
}

static double metric_at(const struct shape_of_run *shape, double epoch) {
    double rest = shape->decay > 0 ? exp(-shape->decay * epoch) : 0;
    return shape->classify ? shape->best - (shape->best - 0.1) * rest : shape->best + 60 * rest;
}

// `steps` more steps, `per_epoch` of them an epoch of `rows` rows; validation at the end of each epoch.
static void train(struct run_view *run, const struct shape_of_run *shape, size_t steps, double per_epoch, double rows,
                  float lr) {
    struct step_metrics point = {0};
    if (run->curve.point_count > 0)
        point = run->curve.points[run->curve.point_count - 1];
    for (size_t i = 0; i < steps; i++) {
        double before = floor(point.epoch + 1e-9);
        point.step++;
        point.epoch += 1 / per_epoch;
        point.samples = (uint64_t)llround(point.epoch * rows);
        point.seconds += 0.004 + 0.0005 * noise(point.step);
        point.lr = lr;
        point.batch = (uint32_t)lround(rows / per_epoch);
        double loss = loss_at(shape, point.epoch), metric = metric_at(shape, point.epoch);
        point.loss = (float)(loss * (1 + 0.25 * noise(point.step)));
        double accuracy = metric * (1 + 0.04 * noise(point.step + 7));
        point.accuracy_or_rmse = (float)(shape->classify && accuracy > 1 ? 1 : accuracy);
        point.gradient_norm = (float)(0.3 + 2 * loss * (1 + 0.3 * noise(point.step + 11)));
        point.update_ratio = (float)(1e-3 * (double)lr / 0.05 * (1 + 0.2 * noise(point.step + 13)));
        snapshots_point(run, point);
        if (floor(point.epoch + 1e-9) > before)
            snapshots_epoch(run, (struct epoch_row){.epoch = (uint64_t)llround(point.epoch),
                                                    .step = point.step,
                                                    .samples = point.samples,
                                                    .seconds = point.seconds,
                                                    .lr = (double)lr,
                                                    .batch = (int64_t)point.batch,
                                                    .train_loss = loss,
                                                    .train_accuracy = shape->classify ? metric : NAN,
                                                    .train_rmse = shape->classify ? NAN : metric,
                                                    .val_loss = loss * 1.12 + 0.02,
                                                    .val_accuracy = shape->classify ? metric * 0.97 : NAN,
                                                    .val_rmse = shape->classify ? NAN : metric * 1.06,
                                                    .samples_per_s = 41800});
    }
    run->record.classify = shape->classify;
    run->record.steps = point.step;
    run->record.samples = point.samples;
    run->record.seconds = point.seconds;
    run->record.epochs = run->curve.epoch_count;
    if (run->curve.epoch_count > 0)
        run->record.final_row = run->record.best_row = run->curve.epochs[run->curve.epoch_count - 1];
}

static void show_run(struct snapshots *made, enum run_state state, size_t steps_total) {
    made->run.live = true;
    made->run.record.state = state;
    made->snapshot.run = &made->run;
    made->snapshot.source = &made->source;
    made->snapshot.state = state;
    made->snapshot.steps_total = steps_total;
    made->snapshot.samples_per_s = 41800;
    made->snapshot.microseconds_per_step = 187.4;
    made->snapshot.times = (struct run_times){.steps = 1.82, .data = 0.06, .evaluation = 0.1, .keeping = 0.02};
    made->snapshot.weight_count = 6274;
    snprintf(made->snapshot.device.backend, sizeof made->snapshot.device.backend, "cpu");
    snprintf(made->snapshot.device.name, sizeof made->snapshot.device.name, "AMD EPYC 9B14");
    snprintf(made->snapshot.device.precision, sizeof made->snapshot.device.precision, "f32");
    made->snapshot.device.threads = 2;
    made->snapshot.device.bytes = 1234567;
}

void snapshots_nothing(struct snapshots *made) {
    begin(made);
}

void snapshots_classification(struct snapshots *made) {
    static const struct shape_of_run slow = {2.2, 0.35, 0.2, 0.88, true}, quick = {2.2, 0.5, 0.08, 0.95, true};
    begin(made);
    made->params.epochs = 15;
    made->params.batch = 128;
    made->params.lr = 0.1;
    begin_run(&made->overlay[0], 13, "mlp · digits.csv", &made->params);
    train(&made->overlay[0], &slow, 210, 14, 1797, 0.05F);
    begin_run(&made->run, 14, "mlp · digits.csv", &made->params);
    train(&made->run, &quick, 45, 14, 1797, 0.05F);
    snapshots_mark(&made->run, EVENT_CHANGE, "batch 128→256");
    train(&made->run, &quick, 12, 7, 1797, 0.05F);
    snapshots_mark(&made->run, EVENT_CHECKPOINT, "checkpoint");
    train(&made->run, &quick, 5, 7, 1797, 0.05F);
    snapshots_mark(&made->run, EVENT_CHANGE, "lr 0.05→0.1");
    train(&made->run, &quick, 6, 7, 1797, 0.1F);
    made->params.batch = 256;
    show_run(made, RUN_TRAINING, 144);
    made->snapshot.seconds_left = 38;
    made->overlays[0] = &made->overlay[0];
    made->snapshot.overlays = made->overlays;
    made->snapshot.overlay_count = 1;
}

void snapshots_regression(struct snapshots *made) {
    static const struct shape_of_run shape = {1.1, 0.4, 0.45, 53.2, false};
    begin(made);
    made->params.epochs = 8;
    made->params.batch = 64;
    begin_run(&made->run, 3, "linear · diabetes.csv", &made->params);
    train(&made->run, &shape, 48, 6, 353, 0.05F);
    made->source.task = SOURCE_REGRESS;
    show_run(made, RUN_DONE, 48);
    made->snapshot.times.reading = 0.4; // its features lie in a file
    made->snapshot.times.reader_waits = 1.6;
}

void snapshots_failed(struct snapshots *made) {
    static const struct shape_of_run shape = {0.002, -3, 0.69, 0.5, true};
    begin(made);
    made->params.lr = 40;
    begin_run(&made->run, 5, "mlp · breast_cancer.csv", &made->params);
    train(&made->run, &shape, 40, 15, 455, 40);
    struct step_metrics last = made->run.curve.points[39];
    last.step++;
    last.epoch += 1.0 / 15;
    last.loss = last.gradient_norm = NAN;
    snapshots_point(&made->run, last);
    show_run(made, RUN_PAUSED, 300);
}

void snapshots_long(struct snapshots *made, size_t points) {
    static const struct shape_of_run shape = {2, 0.001, 0.1, 0.97, true};
    begin(made);
    made->params.epochs = (int64_t)(points / 100);
    begin_run(&made->run, 1, "mlp · large.csv", &made->params);
    train(&made->run, &shape, points, 100, 12800, 0.05F);
    show_run(made, RUN_TRAINING, points);
}

// ---- the list of runs -------------------------------------------------------------------------------------

static void list_run(struct run_record *run, int64_t id, const char *model, const char *data, enum run_state state,
                     int64_t batch, double lr, double accuracy) {
    bool classify = !text_equal(data, "diabetes.csv");
    params_defaults(&train_table, &run->params);
    run->params.batch = batch;
    run->params.lr = lr;
    run->id = id;
    run->state = state;
    run->classify = classify;
    run->started = 1.7e9 + (double)id * 3610;
    run->seconds = 2.5 * (double)id + 0.25;
    run->epochs = state == RUN_FAILED ? 0 : 20;
    run->steps = run->epochs * (uint64_t)(455 / batch + 1);
    snprintf(run->name, sizeof run->name, "%s · %s", model, data);
    snprintf(run->model, sizeof run->model, "%s", model);
    snprintf(run->params.model, sizeof run->params.model, "%s", model);
    snprintf(run->data_path, sizeof run->data_path, "/home/ada/data/%s", data);
    snprintf(run->device, sizeof run->device, "cpu");
    snprintf(run->precision, sizeof run->precision, "f32");
    bool none = state == RUN_FAILED;
    run->final_row = (struct epoch_row){.epoch = 20,
                                        .train_loss = none ? NAN : 1.05 - accuracy,
                                        .train_accuracy = none || !classify ? NAN : accuracy,
                                        .train_rmse = none || classify ? NAN : 50 + 10 * (1 - accuracy),
                                        .val_loss = none ? NAN : 1.1 - accuracy,
                                        .val_accuracy = none || !classify ? NAN : accuracy - 0.01,
                                        .val_rmse = none || classify ? NAN : 53.25 + 10 * (1 - accuracy)};
    run->best_row = run->final_row;
    run->best_row.epoch = 17;
    run->best_row.val_accuracy += 0.005;
    run->best_row.val_rmse -= 0.5;
    snprintf(run->checkpoint, sizeof run->checkpoint, "%s",
             none ? "" : "/home/ada/.local/share/batchlab/runs/1/last.ckpt");
}

void snapshots_runs(struct snapshots *made) {
    snapshots_classification(made);
    made->runs = mem_alloc(12, sizeof *made->runs);
    if (!made->runs)
        abort();
    struct run_record *run = made->runs;
    list_run(run++, 14, "mlp", "digits.csv", RUN_TRAINING, 256, 0.1, 0.93);
    list_run(run++, 13, "mlp", "digits.csv", RUN_DONE, 128, 0.05, 0.91);
    list_run(run++, 12, "mlp", "breast_cancer.csv", RUN_DONE, 512, 0.2, 0.965);
    list_run(run++, 11, "mlp", "breast_cancer.csv", RUN_DONE, 32, 0.05, 0.982);
    list_run(run++, 10, "mlp", "breast_cancer.csv", RUN_FAILED, 32, 40, 0);
    list_run(run++, 9, "linear", "breast_cancer.csv", RUN_DONE, 32, 0.05, 0.974);
    list_run(run++, 7, "mlp", "breast_cancer.csv", RUN_STOPPED, 8, 0.01, 0.95);
    list_run(run++, 6, "mlp", "a rather long name of a file that nobody would type.csv", RUN_DONE, 64, 0.05, 0.874);
    list_run(run++, 5, "lenet5", "digits.csv", RUN_DONE, 64, 0.05, 0.988);
    list_run(run++, 3, "linear", "diabetes.csv", RUN_DONE, 64, 0.05, 0.9);
    list_run(run++, 2, "mlp", "diabetes.csv", RUN_DONE, 16, 0.01, 0.7);
    list_run(run++, 1, "mlp", "digits.csv", RUN_DONE, 512, 0.4, 0.62);
    made->runs[1].parent = 5;
    made->runs[0].parent = 13;
    made->runs[0].begun = 1270;
    snprintf(made->runs[3].note, sizeof made->runs[3].note, "small batches generalize best here");
    made->snapshot.runs = made->runs;
    made->snapshot.run_count = 12;
}

static void free_run(struct run_view *run) {
    mem_free(run->curve.points);
    mem_free(run->curve.epochs);
    mem_free(run->curve.marks);
}

void snapshots_free(struct snapshots *made) {
    free_run(&made->run);
    for (size_t i = 0; i < SNAPSHOTS_OVERLAYS; i++)
        free_run(&made->overlay[i]);
    mem_free(made->runs);
    *made = (struct snapshots){0};
}
