// Plans as JSON: what the store keeps, and what people write.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/str.h"
#include "core/lab/axis.h"

// ---- writing ------------------------------------------------------------------------------------------------

static void add_number(cJSON *object, const char *name, double value) {
    char text[32];
    if (isfinite(value))
        cJSON_AddRawToObject(object, name, number_text(value, text));
}

static cJSON *params_json(const struct train_params *params) {
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; i < train_table.count; i++) {
        char text[PARAM_TEXT_SIZE];
        cJSON_AddStringToObject(object, train_table.rows[i].name, params_get(&train_table.rows[i], params, text));
    }
    return object;
}

static cJSON *axis_json(const struct axis *axis) {
    char text[PARAM_TEXT_SIZE];
    if (axis->values[0]) {
        cJSON *list = cJSON_CreateArray();
        for (size_t i = 0; i < axis_count(axis); i++) {
            axis_at(axis, i, text);
            cJSON_AddItemToArray(list, cJSON_CreateString(text));
        }
        return list;
    }
    cJSON *range = cJSON_CreateObject();
    add_number(range, "from", axis->low);
    add_number(range, "to", axis->high);
    cJSON_AddBoolToObject(range, "log", axis->log);
    add_number(range, "points", (double)axis->points);
    return range;
}

static void add_race(cJSON *object, const struct experiment *experiment) {
    cJSON *list = cJSON_AddArrayToObject(object, "batches");
    for (size_t i = 0; i < experiment->batch_count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber((double)experiment->batches[i]));
    add_number(object, "seeds", (double)experiment->seeds);
    if (experiment->samples > 0)
        add_number(object, "samples", (double)experiment->samples);
    cJSON_AddStringToObject(object, "rule", rate_rule_name(experiment->rule));
    add_number(object, "target_loss", experiment->target_loss);
    add_number(object, "target_accuracy", experiment->target_accuracy);
}

static void add_sweep(cJSON *object, const struct experiment *experiment) {
    cJSON_AddStringToObject(object, "method", sweep_method_name(experiment->method));
    add_number(object, "trials", (double)experiment->trials);
    add_number(object, "eta", (double)experiment->eta);
    add_number(object, "first_epochs", (double)experiment->first_epochs);
    add_number(object, "seed", (double)experiment->seed);
    add_number(object, "at_once", (double)experiment->at_once);
    cJSON_AddStringToObject(object, "objective", experiment->objective);
    cJSON *over = cJSON_AddObjectToObject(object, "over");
    for (size_t i = 0; i < experiment->axis_count; i++)
        cJSON_AddItemToObject(over, experiment->axes[i].name, axis_json(&experiment->axes[i]));
}

cJSON *experiment_json(const struct experiment *experiment, bool with_params) {
    cJSON *object = cJSON_CreateObject();
    if (!object)
        return NULL;
    cJSON_AddStringToObject(object, "kind", experiment_kind_name(experiment->kind));
    if (experiment->kind == EXPERIMENT_RACE)
        add_race(object, experiment);
    else
        add_sweep(object, experiment);
    if (with_params)
        cJSON_AddItemToObject(object, "params", params_json(&experiment->base));
    return object;
}

// ---- reading ------------------------------------------------------------------------------------------------

// A JSON value as the text that a flag would have; false: it is neither number, text nor switch.
static bool value_text(const cJSON *item, char out[PARAM_TEXT_SIZE]) {
    char number[32];
    if (cJSON_IsNumber(item))
        snprintf(out, PARAM_TEXT_SIZE, "%s", number_text(item->valuedouble, number));
    else if (cJSON_IsString(item) && strlen(item->valuestring) < PARAM_TEXT_SIZE)
        snprintf(out, PARAM_TEXT_SIZE, "%s", item->valuestring);
    else if (cJSON_IsBool(item))
        snprintf(out, PARAM_TEXT_SIZE, "%s", cJSON_IsTrue(item) ? "yes" : "no");
    else
        return false;
    return true;
}

static enum status not_understood(const cJSON *item, const char *want, struct error *error) {
    return error_set(error, STATUS_INVALID, "\"%.80s\" must be %s", item->string ? item->string : "", want);
}

static enum status read_whole(const cJSON *item, int64_t *out, struct error *error) {
    if (!cJSON_IsNumber(item) || item->valuedouble != floor(item->valuedouble) || fabs(item->valuedouble) > 9e15)
        return not_understood(item, "a whole number", error);
    *out = (int64_t)item->valuedouble;
    return STATUS_OK;
}

static enum status read_params(const cJSON *object, struct experiment *experiment, struct error *error) {
    const cJSON *item;
    enum status status = STATUS_OK;
    if (!cJSON_IsObject(object))
        return not_understood(object, "an object of parameters", error);
    cJSON_ArrayForEach(item, object) {
        char text[PARAM_TEXT_SIZE];
        if (!value_text(item, text))
            return not_understood(item, "a number, a text or a switch", error);
        if ((status = params_set(&train_table, &experiment->base, item->string, text, error)))
            return status;
    }
    return STATUS_OK;
}

static enum status read_batches(const cJSON *list, struct experiment *experiment, struct error *error) {
    struct str text = {0};
    const cJSON *item;
    if (!cJSON_IsArray(list))
        return not_understood(list, "a list of batch sizes", error);
    cJSON_ArrayForEach(item, list) {
        char one[PARAM_TEXT_SIZE] = "";
        value_text(item, one);
        str_format(&text, "%s%s", text.length > 0 ? "," : "", one);
    }
    enum status status = experiment_set_batches(experiment, str_text(&text), error);
    str_free(&text);
    return status;
}

// Goes through the same text as a flag, so that both are read and refused alike.
static enum status axis_text(const cJSON *item, struct str *out, struct error *error) {
    const cJSON *value;
    char text[PARAM_TEXT_SIZE], from[PARAM_TEXT_SIZE], to[PARAM_TEXT_SIZE];
    str_format(out, "%s=", item->string);
    if (cJSON_IsArray(item)) {
        size_t count = 0;
        cJSON_ArrayForEach(value, item) {
            if (!value_text(value, text) || strchr(text, '|'))
                return not_understood(item, "a list of numbers and texts without \"|\"", error);
            str_format(out, "%s%s", count++ > 0 ? "|" : "", text);
        }
        return STATUS_OK;
    }
    if (!value_text(cJSON_GetObjectItemCaseSensitive(item, "from"), from) ||
        !value_text(cJSON_GetObjectItemCaseSensitive(item, "to"), to))
        return not_understood(item, "a list of values or a range: {\"from\":1e-4,\"to\":0.1}", error);
    str_format(out, "%s..%s", from, to);
    const cJSON *log = cJSON_GetObjectItemCaseSensitive(item, "log"),
                *points = cJSON_GetObjectItemCaseSensitive(item, "points");
    if (log)
        str_add(out, cJSON_IsTrue(log) ? ":log" : ":linear");
    if (points && value_text(points, text))
        str_format(out, ":%s", text);
    return STATUS_OK;
}

static enum status read_axes(const cJSON *object, struct experiment *experiment, struct error *error) {
    const cJSON *item;
    enum status status = STATUS_OK;
    if (!cJSON_IsObject(object))
        return not_understood(object, "an object of parameters and their values", error);
    cJSON_ArrayForEach(item, object) {
        struct str text = {0};
        status = axis_text(item, &text, error);
        const char *end = axis_end(str_text(&text));
        if (!status && *end)
            status = not_understood(item, "values without \",name=\" in them", error);
        if (!status)
            status = experiment_add_axes(experiment, str_text(&text), error);
        str_free(&text);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status read_number(const cJSON *item, double *out, struct error *error) {
    if (!cJSON_IsNumber(item))
        return not_understood(item, "a number", error);
    *out = item->valuedouble;
    return STATUS_OK;
}

static enum status read_member(const cJSON *item, struct experiment *experiment, struct error *error) {
    const char *name = item->string, *text = cJSON_IsString(item) ? item->valuestring : "";
    const struct {
        const char *name;
        int64_t *whole;
    } wholes[] = {{"seeds", &experiment->seeds},   {"samples", &experiment->samples},
                  {"trials", &experiment->trials}, {"eta", &experiment->eta},
                  {"seed", &experiment->seed},     {"first_epochs", &experiment->first_epochs},
                  {"at_once", &experiment->at_once}};
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++)
        if (text_equal(name, wholes[i].name))
            return read_whole(item, wholes[i].whole, error);
    if (text_equal(name, "kind"))
        return text_equal(text, experiment_kind_name(experiment->kind))
                   ? STATUS_OK
                   : error_set(error, STATUS_INVALID, "this is a plan of the kind \"%.20s\", not a %s", text,
                               experiment_kind_name(experiment->kind));
    if (text_equal(name, "batches"))
        return read_batches(item, experiment, error);
    if (text_equal(name, "rule"))
        return experiment_set_rule(experiment, text, error);
    if (text_equal(name, "target_loss"))
        return read_number(item, &experiment->target_loss, error);
    if (text_equal(name, "target_accuracy"))
        return read_number(item, &experiment->target_accuracy, error);
    if (text_equal(name, "method"))
        return experiment_set_method(experiment, text, error);
    if (text_equal(name, "objective"))
        return experiment_set_objective(experiment, text, error);
    if (text_equal(name, "over"))
        return read_axes(item, experiment, error);
    if (text_equal(name, "params"))
        return read_params(item, experiment, error);
    return error_set(error, STATUS_INVALID, "\"%.80s\" is nothing that a %s knows", name,
                     experiment_kind_name(experiment->kind));
}

enum status experiment_parse(const cJSON *object, struct experiment *experiment, struct error *error) {
    struct experiment made = *experiment;
    const cJSON *item;
    if (!cJSON_IsObject(object))
        return error_set(error, STATUS_INVALID, "a plan must be a JSON object");
    cJSON_ArrayForEach(item, object) {
        enum status status = read_member(item, &made, error);
        if (status)
            return status;
    }
    *experiment = made;
    return STATUS_OK;
}
