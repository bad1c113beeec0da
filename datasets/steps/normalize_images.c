// normalize-images: pixels become (v/255 − mean)/sd for each channel, with mean and sd (ddof 0)
// measured on the training images or given. The pixels stay bytes; the batch is normalized when it is made.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/state.h"

struct settings {
    char source[PARAM_TEXT_SIZE], mean[PARAM_TEXT_SIZE], sd[PARAM_TEXT_SIZE];
};
enum { MEAN, SD };
#define CHANNELS_MOST 4

static const struct param rows[] = {
    {.name = "source", .label = "figures", .group = "step", .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, source), .fallback = "measured", .choices = "measured|given",
     .help = "mean and sd measured on the training images, or those given below"},
    {.name = "mean", .label = "mean", .group = "step", .type = PARAM_TEXT, .offset = offsetof(struct settings, mean),
     .fallback = "", .help = "given: one number for each channel, of pixels from 0 to 1, separated by commas"},
    {.name = "sd", .label = "sd", .group = "step", .type = PARAM_TEXT, .offset = offsetof(struct settings, sd),
     .fallback = "", .help = "given: one number greater than 0 for each channel, separated by commas"},
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

// Mean and variance of a channel from its histogram, which is exact and needs one pass.
static void measure(const struct image_set *images, size_t channel, const uint32_t *training, size_t count,
                    double *mean, double *sd) {
    uint64_t counts[256] = {0};
    size_t plane = images->height * images->width;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *pixels = images->pixels + (training[i] * images->channels + channel) * plane;
        for (size_t at = 0; at < plane; at++)
            counts[pixels[at]]++;
    }
    double n = (double)count * (double)plane, sum = 0, squares = 0;
    for (int value = 0; value < 256; value++)
        sum += (double)counts[value] * value;
    for (int value = 0; value < 256; value++)
        squares += (double)counts[value] * (value - sum / n) * (value - sum / n);
    *mean = sum / n / 255;
    *sd = sqrt(squares / n) / 255;
    if (*sd == 0)
        *sd = 1; // one gray everywhere
}

static enum status read_given(const char *label, const char *text, size_t channel, double *value, struct error *error) {
    char number[32];
    const char *from = text;
    for (size_t skip = 0; skip < channel && from != NULL; skip++) {
        from = strchr(from, ',');
        from = from == NULL ? NULL : from + 1;
    }
    from = from == NULL ? "" : from + strspn(from, " ");
    size_t length = strcspn(from, ", ");
    snprintf(number, sizeof number, "%.*s", (int)(length < sizeof number ? length : sizeof number - 1), from);
    if (length >= sizeof number || !number_parse(number, value) || !isfinite(*value))
        return error_set(error, STATUS_INVALID, "%s \"%.80s\": must hold a number for each channel, separated by commas",
                         label, text);
    return STATUS_OK;
}

static size_t given_count(const char *text) {
    size_t count = 1;
    for (; *text != '\0'; text++)
        count += *text == ',';
    return count;
}

static enum status fit_given(const struct settings *settings, size_t channels, size_t channel, double *mean, double *sd,
                             struct error *error) {
    if (given_count(settings->mean) != channels || given_count(settings->sd) != channels)
        return error_set(error, STATUS_INVALID, "mean \"%.80s\" and sd \"%.80s\": each must hold %zu numbers, one for "
                         "each channel of the images", settings->mean, settings->sd, channels);
    enum status status = read_given("mean", settings->mean, channel, mean, error);
    if (status == STATUS_OK)
        status = read_given("sd", settings->sd, channel, sd, error);
    if (status == STATUS_OK && *sd <= 0)
        return error_set(error, STATUS_INVALID, "sd \"%.80s\": must be greater than 0", settings->sd);
    return status;
}

static enum status fit_images(struct step *step, const struct image_set *images, const uint32_t *training, size_t count,
                              struct error *error) {
    const struct settings *settings = step->settings;
    bool given = text_equal(settings->source, "given");
    enum status status = STATUS_OK;
    state_clear(step);
    for (size_t channel = 0; channel < images->channels && status == STATUS_OK; channel++) {
        char name[32];
        snprintf(name, sizeof name, "channel %zu", channel + 1);
        struct column_state *state = state_add(step->state, name, COLUMN_NUMERIC, error);
        if (state == NULL)
            status = STATUS_MEMORY;
        else if (given)
            status = fit_given(settings, images->channels, channel, &state->figures[MEAN], &state->figures[SD], error);
        else
            measure(images, channel, training, count, &state->figures[MEAN], &state->figures[SD]);
    }
    if (status != STATUS_OK)
        state_clear(step);
    return status;
}

static void apply_images(const struct step *step, struct prepared *prepared) {
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && i < CHANNELS_MOST; i++) {
        prepared->pixel_mean[i] = (float)state->columns[i].figures[MEAN];
        prepared->pixel_sd[i] = (float)state->columns[i].figures[SD];
    }
}

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    if (status == STATUS_OK && (state->count == 0 || state->count > CHANNELS_MOST))
        return error_set(error, STATUS_INVALID, "the state of normalize-images must have 1 to %d channels", CHANNELS_MOST);
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        if ((float)state->columns[i].figures[SD] <= 0)
            status = error_set(error, STATUS_INVALID, "\"sd\" of \"%.80s\" must be greater than 0", state->columns[i].name);
    }
    return status;
}

const struct step_kind step_normalize_images = {
    .name = "normalize-images",
    .label = "normalize images",
    .help = "shift and scale pixels by each channel's mean and standard deviation",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .images = true,
    .figures = {[MEAN] = "mean", [SD] = "sd"},
    .fit_images = fit_images,
    .apply_images = apply_images,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
