// batchlab eval.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/cli.h"
#include "app/cli_kept.h"
#include "app/json.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/session_evaluate.h"

enum { CLASSES_SHOWN = 20, CONFUSIONS_SHOWN = 10, NAME_WIDTH = 16 };

// ---- JSON ---------------------------------------------------------------------------------------------------

static void json_averages(cJSON *object, const char *name, double precision, double recall, double f1) {
    cJSON *averages = cJSON_AddObjectToObject(object, name);
    json_number(averages, "precision", precision);
    json_number(averages, "recall", recall);
    json_number(averages, "f1", f1);
}

static void json_each_class(cJSON *object, const struct kept_run *run, const struct class_figures *figures) {
    cJSON *list = cJSON_AddArrayToObject(object, "classes");
    for (size_t k = 0; k < run->encoding.classes; k++) {
        const struct class_figure *each = &figures->each[k];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name", run->encoding.class_names[k]);
        json_number(item, "rows", (double)each->rows);
        json_number(item, "taken", (double)each->taken);
        json_number(item, "precision", each->precision);
        json_number(item, "recall", each->recall);
        json_number(item, "f1", each->f1);
        json_number(item, "roc_auc", each->auc);
        json_number(item, "average_precision", each->average_precision);
        cJSON_AddItemToArray(list, item);
    }
}

static void json_confusion(cJSON *object, const struct class_metrics *metrics) {
    cJSON *list = cJSON_AddArrayToObject(object, "confusion");
    for (size_t truth = 0; truth < metrics->classes; truth++) {
        cJSON *row = cJSON_CreateArray();
        for (size_t taken = 0; taken < metrics->classes; taken++)
            cJSON_AddItemToArray(row, cJSON_CreateNumber((double)metrics->confusion[truth * metrics->classes + taken]));
        cJSON_AddItemToArray(list, row);
    }
}

static void json_calibration(cJSON *object, const struct class_figures *figures) {
    cJSON *list = cJSON_AddArrayToObject(object, "calibration");
    for (int i = 0; i < CALIBRATION_BINS; i++) {
        cJSON *bin = cJSON_CreateObject();
        json_number(bin, "from", (double)i / CALIBRATION_BINS);
        json_number(bin, "to", (double)(i + 1) / CALIBRATION_BINS);
        json_number(bin, "rows", (double)figures->bins[i].rows);
        json_number(bin, "confidence", figures->bins[i].confidence);
        json_number(bin, "accuracy", figures->bins[i].accuracy);
        cJSON_AddItemToArray(list, bin);
    }
}

static void json_classes(cJSON *object, const struct kept_run *run, const struct run_evaluation *evaluation) {
    const struct class_figures *figures = &evaluation->of_classes;
    json_number(object, "accuracy", figures->accuracy);
    json_number(object, "top5", figures->top5);
    json_number(object, "log_loss", figures->log_loss);
    json_number(object, "brier", figures->brier);
    json_number(object, "ece", figures->ece);
    json_number(object, "ece_bins", CALIBRATION_BINS);
    json_number(object, "roc_auc", figures->auc);
    json_number(object, "average_precision", figures->average_precision);
    json_averages(object, "macro", figures->macro.precision, figures->macro.recall, figures->macro.f1);
    json_averages(object, "weighted", figures->weighted.precision, figures->weighted.recall, figures->weighted.f1);
    json_each_class(object, run, figures);
    json_confusion(object, &evaluation->classes);
    json_calibration(object, figures);
}

static void json_evaluation(const struct kept_call *call, const struct run_evaluation *evaluation) {
    const struct arguments *arguments = call->arguments;
    cJSON *object = cJSON_CreateObject();
    json_number(object, "run", (double)call->number);
    json_number(object, "step", (double)call->run->step);
    if (arguments->file_count == 1)
        cJSON_AddStringToObject(object, "part", call->all ? "all" : part_name(call->part));
    cJSON *files = arguments->file_count > 1 ? cJSON_AddArrayToObject(object, "files") : NULL;
    for (size_t i = 1; i < arguments->file_count; i++)
        cJSON_AddItemToArray(files, cJSON_CreateString(arguments->files[i]));
    size_t measured = evaluation->classify ? evaluation->of_classes.rows : evaluation->of_numbers.rows;
    json_number(object, "rows", (double)evaluation->rows);
    json_number(object, "measured", (double)measured);
    json_number(object, "unusable", (double)evaluation->unusable);
    if (evaluation->classify) {
        json_classes(object, call->run, evaluation);
    } else {
        json_number(object, "rmse", evaluation->of_numbers.rmse);
        json_number(object, "mae", evaluation->of_numbers.mae);
        json_number(object, "r2", evaluation->of_numbers.r2);
        json_number(object, "bias", evaluation->of_numbers.bias);
    }
    json_print_line(object);
    cJSON_Delete(object);
}

// ---- words --------------------------------------------------------------------------------------------------

// A name from the data in a column of `width` characters; control characters do not reach the terminal.
static void print_name(const char *name, int width, bool right) {
    char shown[4 * NAME_WIDTH + 4];
    size_t length = strlen(name), used = 0;
    int characters = 0;
    for (size_t at = 0; at < length && characters < width && used + 4 < sizeof shown; characters++) {
        uint32_t code;
        at += utf8_decode(name + at, length - at, &code);
        used += utf8_encode(code < 32 || (code >= 127 && code < 160) ? '?' : code, shown + used);
    }
    shown[used] = '\0';
    printf("%*s%s%*s", right ? width - characters : 0, "", shown, right ? 0 : width - characters, "");
}

static void print_figure(const char *name, double value) {
    if (!isnan(value))
        printf("  %-18s %.6g\n", name, value);
}

static void print_ratio(double value) {
    if (isnan(value))
        printf("         -");
    else
        printf("  %8.4f", value);
}

static void print_row(const char *name, double rows, double precision, double recall, double f1) {
    printf("  ");
    print_name(name, NAME_WIDTH, false);
    printf(" %8.0f", rows);
    print_ratio(precision);
    print_ratio(recall);
    print_ratio(f1);
}

static void print_each_class(const struct kept_run *run, const struct class_figures *figures) {
    double rows = (double)figures->rows;
    printf("\n  %-*s %8s  %8s  %8s  %8s  %8s  %8s\n", NAME_WIDTH, "class", "rows", "prec.", "recall", "F1", "ROC-AUC",
           "av.prec.");
    for (size_t k = 0; k < run->encoding.classes; k++) {
        const struct class_figure *each = &figures->each[k];
        print_row(run->encoding.class_names[k], (double)each->rows, each->precision, each->recall, each->f1);
        print_ratio(each->auc);
        print_ratio(each->average_precision);
        putchar('\n');
    }
    print_row("macro", rows, figures->macro.precision, figures->macro.recall, figures->macro.f1);
    print_ratio(figures->auc);
    print_ratio(figures->average_precision);
    putchar('\n');
    print_row("weighted", rows, figures->weighted.precision, figures->weighted.recall, figures->weighted.f1);
    putchar('\n');
}

static int digits_of(uint64_t number) {
    int digits = 1;
    for (; number >= 10; number /= 10)
        digits++;
    return digits;
}

static int column_width(const struct kept_run *run, const struct class_metrics *metrics) {
    int width = 3;
    for (size_t i = 0; i < metrics->classes * metrics->classes; i++)
        width = digits_of(metrics->confusion[i]) > width ? digits_of(metrics->confusion[i]) : width;
    for (size_t k = 0; k < metrics->classes; k++) {
        int length = (int)strlen(run->encoding.class_names[k]);
        width = length > width ? length : width;
    }
    return width > 10 ? (metrics->classes > 8 ? 6 : 10) : width;
}

static void print_confusion(const struct kept_run *run, const struct class_metrics *metrics) {
    int width = column_width(run, metrics);
    printf("\nconfusion (a line per true class, a column per class it was taken for)\n  %*s", NAME_WIDTH, "");
    for (size_t k = 0; k < metrics->classes; k++) {
        putchar(' ');
        print_name(run->encoding.class_names[k], width, true);
    }
    putchar('\n');
    for (size_t truth = 0; truth < metrics->classes; truth++) {
        printf("  ");
        print_name(run->encoding.class_names[truth], NAME_WIDTH, false);
        for (size_t taken = 0; taken < metrics->classes; taken++) {
            uint64_t count = metrics->confusion[truth * metrics->classes + taken];
            if (count)
                printf(" %*" PRIu64, width, count);
            else
                printf(" %*s", width, ".");
        }
        putchar('\n');
    }
}

// Of very many classes: the pairs that are confused most.
static void print_worst_confusions(const struct kept_run *run, const struct class_metrics *metrics) {
    size_t shown[CONFUSIONS_SHOWN], count = 0, cells = metrics->classes * metrics->classes;
    for (size_t i = 0; i < cells; i++) {
        size_t at = count;
        if (metrics->confusion[i] == 0 || i / metrics->classes == i % metrics->classes)
            continue;
        for (; at > 0 && metrics->confusion[shown[at - 1]] < metrics->confusion[i]; at--)
            if (at < CONFUSIONS_SHOWN)
                shown[at] = shown[at - 1];
        if (at < CONFUSIONS_SHOWN)
            shown[at] = i;
        count += count < CONFUSIONS_SHOWN;
    }
    printf("\nconfused most (--json has the whole matrix)\n");
    for (size_t i = 0; i < count; i++) {
        printf("  %8" PRIu64 "  ", metrics->confusion[shown[i]]);
        print_name(run->encoding.class_names[shown[i] / metrics->classes], NAME_WIDTH, false);
        printf(" taken for ");
        print_name(run->encoding.class_names[shown[i] % metrics->classes], NAME_WIDTH, false);
        putchar('\n');
    }
}

static void print_classes(const struct kept_run *run, const struct run_evaluation *evaluation) {
    const struct class_figures *figures = &evaluation->of_classes;
    bool two = run->encoding.classes == 2;
    print_figure("accuracy", figures->accuracy);
    print_figure("top-5", figures->top5);
    print_figure("log loss", figures->log_loss);
    print_figure("Brier score", figures->brier);
    printf("  %-18s %.6g (%d bins of equal width)\n", "calibration error", figures->ece, CALIBRATION_BINS);
    print_figure(two ? "ROC-AUC" : "ROC-AUC, mean", figures->auc);
    print_figure(two ? "average precision" : "av. prec., mean", figures->average_precision);
    print_each_class(run, figures);
    if (run->encoding.classes <= CLASSES_SHOWN)
        print_confusion(run, &evaluation->classes);
    else
        print_worst_confusions(run, &evaluation->classes);
}

static void print_evaluation(const struct kept_call *call, const struct run_evaluation *evaluation) {
    const struct arguments *arguments = call->arguments;
    const struct kept_run *run = call->run;
    size_t measured = evaluation->classify ? evaluation->of_classes.rows : evaluation->of_numbers.rows;
    size_t unknown = evaluation->rows - evaluation->unusable - measured;
    printf("run %" PRId64 "  %s  step %" PRIu64 "  on ", call->number, run->record.name, run->step);
    if (arguments->file_count > 1)
        printf("%s%s", arguments->files[1], arguments->file_count > 2 ? " and more" : "");
    else
        printf("its %s rows", call->all ? "own" : part_name(call->part));
    printf(": %zu row%s", measured, measured == 1 ? "" : "s");
    if (unknown)
        printf(", %zu more without a known %s", unknown, run->encoding.target_name);
    if (evaluation->unusable)
        printf(", %zu more that could not be used", evaluation->unusable);
    putchar('\n');
    if (evaluation->classify) {
        print_classes(run, evaluation);
        return;
    }
    print_figure("RMSE", evaluation->of_numbers.rmse);
    print_figure("MAE", evaluation->of_numbers.mae);
    print_figure("R2", evaluation->of_numbers.r2);
    print_figure("bias", evaluation->of_numbers.bias);
}

// ---- the command ----------------------------------------------------------------------------------------------

static enum status measure(struct kept_call *call, struct run_evaluation *evaluation, struct error *error) {
    size_t files = call->arguments->file_count - 1, count = files ? files : 1;
    struct kept_data *data = mem_alloc(count, sizeof *data);
    if (!data)
        return error_memory(error, "the names of files", count * sizeof *data);
    for (size_t i = 0; i < count; i++)
        data[i] = cli_kept_data(call, i);
    enum status status = kept_run_evaluate(call->run, data, count, false, evaluation, &call->notes, &call->task, error);
    mem_free(data);
    return status;
}

static enum status evaluate(struct kept_call *call, struct error *error) {
    struct run_evaluation evaluation = {0};
    enum status status = measure(call, &evaluation, error);
    if (!status)
        cli_kept_notes(call);
    if (!status && call->arguments->flags[FLAG_JSON])
        json_evaluation(call, &evaluation);
    else if (!status)
        print_evaluation(call, &evaluation);
    run_evaluation_clear(&evaluation);
    return status;
}

int cli_eval(const struct arguments *arguments) {
    return cli_kept(arguments, false, evaluate);
}
