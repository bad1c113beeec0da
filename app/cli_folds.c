#include "app/cli_folds.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "app/json.h"

struct figure {
    const char *name, *label;
    double (*of)(const struct run_record *run);
    double scale;
    const char *format, *unit; // of the plain line
};

static double loss_of(const struct run_record *run) {
    return run->epochs ? run->final_row.val_loss : (double)NAN;
}

static double accuracy_of(const struct run_record *run) {
    return run->epochs ? run->final_row.val_accuracy : (double)NAN;
}

static double rmse_of(const struct run_record *run) {
    return run->epochs ? run->final_row.val_rmse : (double)NAN;
}

static const struct figure loss = {"val_loss", "loss", loss_of, 1, "%.5f", ""};
static const struct figure accuracy = {"val_accuracy", "accuracy", accuracy_of, 100, "%.2f", " %"};
static const struct figure rmse = {"val_rmse", "rmse", rmse_of, 1, "%.6g", ""};

static double mean_of(const struct figure *figure, const struct run_record *runs, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += figure->of(&runs[i]);
    return sum / (double)count; // NaN for no fold
}

static double sd_of(const struct figure *figure, const struct run_record *runs, size_t count) {
    double mean = mean_of(figure, runs, count), squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (figure->of(&runs[i]) - mean) * (figure->of(&runs[i]) - mean);
    return count > 1 ? sqrt(squares / (double)(count - 1)) : (double)NAN;
}

static void json_figure(cJSON *object, const struct figure *figure, const struct run_record *runs, size_t count) {
    cJSON *entry = cJSON_AddObjectToObject(object, figure->name);
    json_number(entry, "mean", mean_of(figure, runs, count));
    json_number(entry, "sd", sd_of(figure, runs, count));
}

static void print_json(const struct run_record *runs, size_t count, size_t folds) {
    const struct figure *second = count > 0 && runs[0].classify ? &accuracy : &rmse;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "event", "folds");
    json_number(object, "folds", (double)folds);
    json_number(object, "done", (double)count);
    cJSON *list = cJSON_AddArrayToObject(object, "runs");
    for (size_t i = 0; i < count; i++) {
        cJSON *entry = cJSON_CreateObject();
        json_number(entry, "fold", (double)runs[i].params.fold);
        json_number(entry, "run", (double)runs[i].id);
        json_number(entry, "validation_rows", (double)runs[i].validation_rows);
        json_number(entry, loss.name, loss.of(&runs[i]));
        json_number(entry, second->name, second->of(&runs[i]));
        cJSON_AddItemToArray(list, entry);
    }
    json_figure(object, &loss, runs, count);
    json_figure(object, second, runs, count);
    json_print_line(object);
    cJSON_Delete(object);
}

static void print_number(const struct figure *figure, double value, int width) {
    char text[64];
    // formats are those of the constant figures above
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, figure->format, figure->scale * value);
#pragma GCC diagnostic pop
    printf("%*s%s", width, isnan(value) ? "-" : text, figure->unit);
}

static void print_summary(const struct figure *figure, const struct run_record *runs, size_t count) {
    printf("  %s ", figure->label);
    print_number(figure, mean_of(figure, runs, count), 0);
    printf(" ± ");
    print_number(figure, sd_of(figure, runs, count), 0);
}

static void print_plain(const struct run_record *runs, size_t count, size_t folds) {
    const struct figure *second = count > 0 && runs[0].classify ? &accuracy : &rmse;
    printf("\n%6s %6s %8s %12s %14s   of the validation rows, last epoch\n", "fold", "run", "rows", loss.label,
           second->label);
    for (size_t i = 0; i < count; i++) {
        printf("%6" PRId64 " %6" PRId64 " %8" PRIu64, runs[i].params.fold, runs[i].id, runs[i].validation_rows);
        print_number(&loss, loss.of(&runs[i]), 13);
        print_number(second, second->of(&runs[i]), second == &accuracy ? 13 : 15);
        putchar('\n');
    }
    if (count < folds)
        printf("%zu of %zu folds:", count, folds);
    else
        printf("%zu folds:", folds);
    print_summary(&loss, runs, count);
    print_summary(second, runs, count);
    printf("  (mean ± sd)\n");
}

void cli_folds_print(const struct run_record *runs, size_t count, size_t folds, bool json) {
    if (json)
        print_json(runs, count, folds);
    else if (count > 0)
        print_plain(runs, count, folds);
    fflush(stdout);
}
