// batchlab runs and devices.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "app/cli.h"
#include "app/json.h"
#include "core/backend/backend.h"
#include "core/backend/telemetry.h"
#include "core/base/mem.h"
#include "core/store/store.h"

// ---- runs -----------------------------------------------------------------------------------------------

// A figure of an epoch; null when none has ended.
static void json_figure(cJSON *object, const char *name, const struct epoch_row *row, double value) {
    json_number(object, name, row->epoch ? value : NAN);
}

static void json_run(const struct run_record *run) {
    const struct epoch_row *last = &run->final_row, *best = &run->best_row;
    cJSON *object = cJSON_CreateObject();
    json_number(object, "run", (double)run->id);
    json_number(object, "parent", run->parent ? (double)run->parent : NAN);
    json_number(object, "begun_at", (double)run->begun);
    cJSON_AddStringToObject(object, "name", run->name);
    cJSON_AddStringToObject(object, "state", run_state_name(run->state));
    cJSON_AddStringToObject(object, "data", run->data_path);
    cJSON_AddStringToObject(object, "model", run->model);
    cJSON_AddStringToObject(object, "device", run->device);
    json_number(object, "started", run->started);
    json_number(object, "ended", run->ended > 0 ? run->ended : NAN);
    json_number(object, "steps", (double)run->steps);
    json_number(object, "epochs", (double)run->epochs);
    json_number(object, "seconds", run->seconds);
    json_number(object, "batch", (double)run->params.batch);
    json_number(object, "lr", run->params.lr);
    json_number(object, "seed", (double)run->params.seed);
    json_figure(object, "train_loss", last, last->train_loss);
    json_figure(object, run->classify ? "val_accuracy" : "val_rmse", last,
                run->classify ? last->val_accuracy : last->val_rmse);
    json_figure(object, run->classify ? "best_val_accuracy" : "best_val_rmse", best,
                run->classify ? best->val_accuracy : best->val_rmse);
    cJSON_AddStringToObject(object, "checkpoint", run->checkpoint);
    cJSON_AddStringToObject(object, "note", run->note);
    json_print_line(object);
    cJSON_Delete(object);
}

static void print_run(const struct run_record *run) {
    char when[32] = "";
    time_t started = (time_t)run->started;
    struct tm broken;
    if (localtime_r(&started, &broken))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &broken);
    printf("%5" PRId64 "  %s  %-9s %-36s %8" PRIu64 " steps  batch %-6" PRId64 " lr %-8.4g", run->id, when,
           run_state_name(run->state), run->name, run->steps, run->params.batch, run->params.lr);
    if (run->epochs && run->classify && !isnan(run->final_row.val_accuracy))
        printf(" accuracy %.2f %%", 100 * run->final_row.val_accuracy);
    else if (run->epochs && !isnan(run->final_row.val_rmse))
        printf(" rmse %.6g", run->final_row.val_rmse);
    putchar('\n');
}

int cli_runs(const struct arguments *arguments) {
    struct store *store = NULL;
    struct run_record *runs = NULL;
    size_t count = 0;
    struct error error;
    enum status status = store_open(&store, NULL, &error);
    if (!status)
        status = store_runs(store, &runs, &count, &error);
    for (size_t i = 0; !status && i < count; i++) {
        if (arguments->flags[FLAG_JSON])
            json_run(&runs[i]);
        else
            print_run(&runs[i]);
    }
    if (!status && count == 0 && !arguments->flags[FLAG_JSON])
        fputs("There are no runs yet; batchlab train FILE makes one.\n", stderr);
    mem_free(runs);
    store_close(store);
    return status ? cli_fail(&error) : EXIT_DONE;
}

// ---- devices --------------------------------------------------------------------------------------------

// What a GPU is doing now; number 0: it is none.
static struct telemetry_reading look_at_gpu(const struct device_info *info) {
    struct telemetry_reading reading = {0};
    struct telemetry *telemetry = NULL;
    struct error error;
    if (info->bus[0] && telemetry_open(&telemetry, info->bus, NULL, &error) == STATUS_OK)
        telemetry_wait(telemetry, &reading);
    telemetry_close(telemetry);
    return reading;
}

static void json_device(const struct backend_entry *entry, const struct device_info *info, const char *reason) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "backend", entry->name);
    cJSON_AddBoolToObject(object, "available", reason == NULL);
    if (reason) {
        cJSON_AddStringToObject(object, "reason", reason);
    } else {
        cJSON_AddStringToObject(object, "name", info->name);
        cJSON_AddStringToObject(object, "detail", info->detail);
        json_number(object, "memory", (double)info->memory_total);
        json_number(object, "memory_free", (double)info->memory_free);
        json_number(object, "threads", info->threads);
        cJSON *precisions = cJSON_AddArrayToObject(object, "precisions");
        for (int i = 0; i < PRECISION_COUNT; i++)
            if (info->precisions & 1u << i)
                cJSON_AddItemToArray(precisions, cJSON_CreateString(precision_name((enum precision)i)));
        cJSON *emulated = cJSON_AddArrayToObject(object, "emulated");
        for (int i = 0; i < PRECISION_COUNT; i++)
            if (info->emulated & 1u << i)
                cJSON_AddItemToArray(emulated, cJSON_CreateString(precision_name((enum precision)i)));
        struct telemetry_reading gpu = look_at_gpu(info);
        if (gpu.number > 0)
            json_gpu(object, &gpu);
    }
    json_print_line(object);
    cJSON_Delete(object);
}

static void print_device(const struct backend_entry *entry, const struct device_info *info, const char *reason) {
    if (reason) {
        printf("%-5s absent: %s\n", entry->name, reason);
        return;
    }
    printf("%-5s %s, %s, %.1f GB memory, %d thread%s,", entry->name, info->name, info->detail,
           (double)info->memory_total / 1e9, info->threads, info->threads == 1 ? "" : "s");
    for (int i = 0; i < PRECISION_COUNT; i++)
        if (info->precisions & 1u << i)
            printf(" %s%s", precision_name((enum precision)i), info->emulated & 1u << i ? " (emulated)" : "");
    putchar('\n');
    struct telemetry_reading gpu = look_at_gpu(info);
    char text[200];
    if (gpu.number > 0)
        printf("      now: %s\n", telemetry_text(&gpu, text, sizeof text));
}

int cli_devices(const struct arguments *arguments) {
    for (size_t i = 0; i < backend_count(); i++) {
        const struct backend_entry *entry = backend_entry(i);
        struct backend *backend = NULL;
        struct backend_options options = {.precision = PRECISION_F32};
        struct device_info info = {0};
        struct error error = {0};
        const char *reason = entry->api ? NULL : entry->reason;
        if (!reason && backend_open(entry->name, &options, &backend, &error))
            reason = error.text;
        if (backend)
            backend->api->describe(backend, &info);
        if (arguments->flags[FLAG_JSON])
            json_device(entry, &info, reason);
        else
            print_device(entry, &info, reason);
        backend_close(backend);
    }
    return EXIT_DONE;
}
