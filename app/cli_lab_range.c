// batchlab lr-range: the learning-rate range test of core/lab/range_test.h, its curve and what it suggests.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "app/cli.h"
#include "app/cli_lab.h"
#include "app/json.h"
#include "core/lab/range_test.h"

static enum status check(struct lab_call *call, struct error *error) {
    int64_t at_step;
    enum status status = cli_lab_number(call->arguments, FLAG_AT_STEP, "at-step", 0, 0, &at_step, error);
    call->at_step = (uint64_t)at_step;
    return status;
}

static void print_json(const struct range_test *test, const struct range_suggestions *found) {
    double smooth[RANGE_STEPS];
    range_smooth(test, smooth);
    for (int i = 0; i < test->count; i++) {
        cJSON *point = cJSON_CreateObject();
        json_number(point, "step", i + 1);
        json_number(point, "lr", range_rate(test, i));
        json_number(point, "loss", (double)test->loss[i]);
        json_number(point, "smoothed", smooth[i]);
        json_print_line(point);
        cJSON_Delete(point);
    }
    cJSON *object = cJSON_CreateObject();
    json_number(object, "valley", found->valley);
    json_number(object, "steep", found->steep);
    json_number(object, "minimum", found->minimum);
    json_number(object, "slide", found->slide);
    json_print_line(object);
    cJSON_Delete(object);
}

static void print_rate(const char *name, double rate, const char *how) {
    if (isnan(rate))
        printf("  %-8s -            %s\n", name, how);
    else
        printf("  %-8s %-12.4g %s\n", name, rate, how);
}

static void print_words(const struct range_test *test, const struct range_suggestions *found) {
    double smooth[RANGE_STEPS];
    range_smooth(test, smooth);
    printf("%12s %12s %12s\n", "rate", "loss", "smoothed");
    for (int i = 0; i < test->count; i++)
        printf("%12.4g %12.6g %12.6g\n", range_rate(test, i), (double)test->loss[i], smooth[i]);
    if (test->count < RANGE_STEPS)
        printf("stopped after %d of %d steps: the loss has exploded\n", test->count, RANGE_STEPS);
    puts("suggestions");
    print_rate("valley", found->valley, "within the longest fall of the loss");
    print_rate("steep", found->steep, "where it falls fastest");
    print_rate("minimum", found->minimum, "a tenth of the rate of the lowest loss");
    print_rate("slide", found->slide, "before the slope changes, seen from the right");
}

static enum status work(struct lab_call *call, struct error *error) {
    struct range_test test = {.low = RANGE_LOW, .high = RANGE_HIGH};
    enum status status = cli_lab_train(call, error);
    if (!status)
        status = range_test_run(call->trainer, &test, NULL, error);
    if (status)
        return status;
    struct range_suggestions found = range_suggest(&test);
    if (call->arguments->flags[FLAG_JSON])
        print_json(&test, &found);
    else
        print_words(&test, &found);
    return STATUS_OK;
}

int cli_lr_range(const struct arguments *arguments) {
    struct lab_call call = {0};
    return cli_lab(arguments, &(struct lab_command){.check = check, .work = work}, &call);
}
