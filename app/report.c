#include "app/report.h"

#include "core/base/mem.h"

// ---- reading ------------------------------------------------------------------------------------------------

static enum status read_run(struct store *store, int64_t id, struct report_run *run, struct error *error) {
    enum status status = store_run(store, id, &run->record, error);
    if (!status)
        status = store_run_metrics(store, id, NULL, &run->points, &run->point_count, error);
    if (!status)
        status = store_run_epochs(store, id, &run->epochs, &run->epoch_count, error);
    if (!status)
        status = store_run_events(store, id, NULL, &run->events, &run->event_count, error);
    if (!status)
        status = store_run_recipe(store, id, &run->recipe, &run->encoding, error);
    return status;
}

enum status report_read(struct store *store, const int64_t *ids, size_t count, struct report *report,
                        struct error *error) {
    *report = (struct report){.runs = mem_alloc(count, sizeof *report->runs)};
    enum status status = report->runs ? STATUS_OK : error_memory(error, "a report", count * sizeof *report->runs);
    for (; report->count < count && !status; report->count++)
        status = read_run(store, ids[report->count], &report->runs[report->count], error);
    if (status)
        report_free(report);
    return status;
}

void report_free(struct report *report) {
    for (size_t i = 0; i < report->count; i++) {
        mem_free(report->runs[i].points);
        mem_free(report->runs[i].epochs);
        mem_free(report->runs[i].events);
        mem_free(report->runs[i].recipe);
        mem_free(report->runs[i].encoding);
    }
    mem_free(report->runs);
    *report = (struct report){0};
}
