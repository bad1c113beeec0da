// batchlab noise-scale: the gradient noise scale at one step of a training, from batches in parts and, on request,
// exactly. What is measured is written in core/lab/noise_scale.h.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "app/cli.h"
#include "app/cli_lab.h"
#include "app/json.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lab/noise_meter.h"

struct noise_call {
    struct lab_call lab; // first: a noise_call is a lab_call
    int64_t samples;
    size_t batch, part;
    bool zeros;
    struct noise_estimate estimate;
    struct noise_exact exact;
    size_t rows;
};

// ---- what is asked for ------------------------------------------------------------------------------------

// Parts when none are named: eight, or as many as there are rows.
static size_t usual_part(size_t batch) {
    return batch % 8 == 0 && batch > 8 ? batch / 8 : batch % 2 == 0 && batch > 2 ? 2 : 1;
}

static enum status check(struct lab_call *lab, struct error *error) {
    struct noise_call *call = (struct noise_call *)lab;
    const char *init = lab->arguments->flags[FLAG_INIT];
    int64_t at_step;
    call->batch = (size_t)lab->params.batch;
    call->part = (size_t)lab->params.micro_batch;
    lab->params.micro_batch = 0; // of the measurement; training takes whole batches
    if (call->part == 0)
        call->part = usual_part(call->batch);
    if (call->batch <= call->part || call->batch % call->part != 0)
        return error_set(error, STATUS_INVALID,
                         "--batch %zu --micro-batch %zu: the batch must be at least twice the micro-batch, and a "
                         "multiple of it",
                         call->batch, call->part);
    enum status status = cli_lab_number(lab->arguments, FLAG_AT_STEP, "at-step", 0, 0, &at_step, error);
    if (!status)
        status = cli_lab_number(lab->arguments, FLAG_SAMPLES, "samples", 1, 64, &call->samples, error);
    if (!status && init && !text_equal(init, "zeros") && !text_equal(init, "usual"))
        status = error_set(error, STATUS_INVALID, "--init \"%s\": must be usual or zeros", init);
    call->zeros = init && text_equal(init, "zeros");
    if (!status && call->zeros && (!text_equal(lab->params.model, "linear") || lab->params.model_file[0]))
        status = error_set(error, STATUS_INVALID,
                           "--init zeros is for --model linear; other models learn nothing from zeros");
    lab->at_step = (uint64_t)at_step;
    return status;
}

// ---- measuring --------------------------------------------------------------------------------------------

static enum status set_zeros(struct trainer *trainer, struct error *error) {
    size_t count = trainer_model(trainer)->weight_count;
    float *zeros = mem_alloc(count, sizeof *zeros);
    enum status status = zeros ? trainer_set_weights(trainer, zeros, error)
                               : error_memory(error, "starting weights", count * sizeof *zeros);
    mem_free(zeros);
    return status;
}

static enum status measure(struct noise_call *call, struct error *error) {
    struct trainer *trainer = call->lab.trainer;
    struct noise_meter meter = {.seed = (uint64_t)call->lab.params.seed};
    struct noise_average average = {0};
    enum status status = STATUS_OK;
    for (int64_t i = 0; !status && i < call->samples; i++) {
        struct noise_sample sample;
        status = noise_measure(&meter, trainer, (uint64_t)i, call->batch, call->part, &sample, error);
        if (!status)
            noise_add(&average, &sample, 1);
    }
    if (!status && average.count < (double)call->samples)
        status = error_set(error, STATUS_INVALID,
                           "step %" PRIu64 ": gradients are not finite there; lower the learning rate",
                           trainer_steps_done(trainer));
    call->estimate = noise_estimate(&average);
    if (!status && call->lab.arguments->flags[FLAG_EXACT])
        status = noise_exact(&meter, trainer, &call->exact, NULL, error);
    noise_meter_close(&meter);
    return status;
}

// ---- the answer -------------------------------------------------------------------------------------------

static void print_json(const struct noise_call *call) {
    const struct noise_estimate *estimate = &call->estimate;
    cJSON *object = cJSON_CreateObject();
    json_number(object, "step", (double)trainer_steps_done(call->lab.trainer));
    json_number(object, "batch", (double)call->batch);
    json_number(object, "micro_batch", (double)call->part);
    json_number(object, "trace", estimate->trace);
    json_number(object, "gradient_sq", estimate->gradient_sq);
    json_number(object, "noise_scale", estimate->noise_scale);
    json_number(object, "low", estimate->low);
    json_number(object, "high", estimate->high);
    cJSON_AddBoolToObject(object, "resolved", estimate->resolved);
    json_number(object, "diversity", estimate->diversity);
    json_number(object, "samples", (double)call->samples);
    json_number(object, "rows", (double)call->rows);
    if (call->lab.arguments->flags[FLAG_EXACT]) {
        json_number(object, "exact_trace", call->exact.trace);
        json_number(object, "exact_gradient_sq", call->exact.gradient_sq);
        json_number(object, "exact_noise_scale", call->exact.noise_scale);
    }
    json_print_line(object);
    cJSON_Delete(object);
}

static void print_words(const struct noise_call *call) {
    const struct noise_estimate *estimate = &call->estimate;
    double batch = (double)call->batch, scale = estimate->noise_scale;
    printf("step %" PRIu64 ": %" PRId64 " batches of %zu in parts of %zu, of %zu training rows\n",
           trainer_steps_done(call->lab.trainer), call->samples, call->batch, call->part, call->rows);
    printf("  trace of the gradient's covariance %.6g, |gradient|^2 %.6g\n", estimate->trace, estimate->gradient_sq);
    if (estimate->resolved) {
        printf("  noise scale %.6g (99 %%: %.6g to %.6g)\n", scale, estimate->low, estimate->high);
        printf("  batch %zu is %.3g of it: %.0f %% of the speed-up that larger batches give is still to be had; twice "
               "the batch\n  takes %.0f %% of the steps and %.0f %% of the samples\n",
               call->batch, batch / scale, 100 * noise_share_left(scale, batch),
               100 * noise_steps(scale, batch, 2 * batch), 100 * noise_samples(scale, batch, 2 * batch));
    } else {
        printf(
            "  noise scale not resolved: the gradient does not stand out of its noise (at least %.6g); more --samples "
            "or\n  a larger --batch tell\n",
            estimate->low);
    }
    if (call->lab.arguments->flags[FLAG_EXACT])
        printf("  from all rows: trace %.6g, |gradient|^2 %.6g, noise scale %.6g\n", call->exact.trace,
               call->exact.gradient_sq, call->exact.noise_scale);
}

static enum status work(struct lab_call *lab, struct error *error) {
    struct noise_call *call = (struct noise_call *)lab;
    trainer_rows(lab->trainer, &call->rows);
    enum status status = noise_check(lab->trainer, call->batch, call->part, error);
    if (!status && call->zeros)
        status = set_zeros(lab->trainer, error);
    if (!status)
        status = cli_lab_train(lab, error);
    if (!status)
        status = measure(call, error);
    if (!status && lab->arguments->flags[FLAG_JSON])
        print_json(call);
    else if (!status)
        print_words(call);
    return status;
}

int cli_noise_scale(const struct arguments *arguments) {
    struct noise_call call = {0};
    return cli_lab(arguments, &(struct lab_command){.check = check, .work = work}, &call.lab);
}
