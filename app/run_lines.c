#include "app/run_lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "core/base/str.h"

static void print_loss(const struct snapshot *snapshot) {
    const struct source *source = snapshot->source;
    if (text_equal(snapshot->run->record.params.loss, "binary") && source && source->classes == 2)
        printf("loss binary: one logit, the log odds of %s\n", source->class_names[1]);
}

static void print_started(const struct snapshot *snapshot, const struct event *event) {
    printf("run %" PRId64 "  %s  on %s (%s, %d %s, %s)  %" PRIu64 " training rows, %" PRIu64 " validation, %" PRIu64
           " test\n",
           snapshot->run->record.id, snapshot->run->record.name, event->started.backend, event->started.device,
           event->started.threads, event->started.threads == 1 ? "thread" : "threads", event->started.precision,
           event->started.train_rows, event->started.validation_rows, event->started.test_rows);
    print_loss(snapshot);
    if (snapshot->pipeline_reasons[0] && snapshot->suggested)
        printf("suggested pipeline:\n%s", snapshot->pipeline_reasons);
}

static void print_epoch(const struct snapshot *snapshot, const struct epoch_row *row) {
    const struct run_record *record = &snapshot->run->record;
    printf("epoch %3" PRIu64 "/%" PRId64 "  step %7" PRIu64 "  loss %.5f", row->epoch, record->params.epochs, row->step,
           row->train_loss);
    if (record->classify)
        printf("  accuracy %6.2f %%", 100 * row->train_accuracy);
    else
        printf("  rmse %.6g", row->train_rmse);
    if (!isnan(row->val_loss))
        printf("  | validation loss %.5f", row->val_loss);
    if (!isnan(row->val_loss) && record->classify)
        printf("  accuracy %6.2f %%", 100 * row->val_accuracy);
    else if (!isnan(row->val_loss))
        printf("  rmse %.6g", row->val_rmse);
    printf("  lr %.4g  batch %" PRId64 "  %.0f rows/s", row->lr, row->batch, row->samples_per_s);
    if (snapshot->gauge.known)
        printf("  noise scale %.4g", snapshot->noise->noise_scale);
    putchar('\n');
}

void run_lines_event(const struct snapshot *snapshot, const struct event *event) {
    if (event->kind == EVENT_STARTED)
        print_started(snapshot, event);
    else if (event->kind == EVENT_EPOCH)
        print_epoch(snapshot, &event->epoch);
    else if (event->kind == EVENT_CHANGE)
        printf("step %" PRIu64 ": %s %s -> %s\n", event->step, event->change.name, event->change.from,
               event->change.to);
    else if (event->kind == EVENT_ROWS)
        printf("step %" PRIu64 ": %+" PRId64 " row%s; %" PRIu64 " training rows, %" PRIu64 " validation, %" PRIu64
               " test from here on\n",
               event->step, event->started.added_rows, event->started.added_rows == 1 ? "" : "s",
               event->started.train_rows, event->started.validation_rows, event->started.test_rows);
    else if (event->kind == EVENT_MARK)
        printf("step %" PRIu64 ": %s\n", event->step, event->text);
    else if (event->kind == EVENT_WARNING)
        fprintf(stderr, "batchlab: %s\n", event->text);
}

void run_lines_done(const struct run_record *record, const struct run_times *times) {
    printf("run %" PRId64 " %s after %" PRIu64 " step%s in %.2f s", record->id, run_state_name(record->state),
           record->steps, record->steps == 1 ? "" : "s", record->seconds);
    if (record->epochs && record->classify && !isnan(record->best_row.val_accuracy))
        printf("; best validation accuracy %.2f %% in epoch %" PRIu64, 100 * record->best_row.val_accuracy,
               record->best_row.epoch);
    else if (record->epochs && !isnan(record->best_row.val_rmse))
        printf("; best validation rmse %.6g in epoch %" PRIu64, record->best_row.val_rmse, record->best_row.epoch);
    double sum = run_times_sum(times);
    if (sum > 0)
        printf("; waits for data %.0f %%, evaluation %.0f %%", 100 * times->data / sum, 100 * times->evaluation / sum);
    double read = times->reading + times->reader_waits;
    if (read > 0)
        printf("; reading ahead waits for training %.0f %%", 100 * times->reader_waits / read);
    putchar('\n');
}
