// Recipes: {"version":1,"steps":[{"step":"missing","columns":["age"],"strategy":"median"},…]}. Reading is
// strict: whatever is not understood is refused with the file, the step and the name.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/pipeline.h"
#include "datasets/steps/state.h"

#define RECIPE_VERSION 1
#define STEPS_MOST 1000

// ---- saving ----

static bool save_columns(cJSON *object, const char *name, const char *list) {
    char column[PARAM_TEXT_SIZE];
    cJSON *array = cJSON_AddArrayToObject(object, name);
    bool added = array != NULL;
    while (added && column_list_next(&list, column)) {
        cJSON *text = cJSON_CreateString(column);
        added = text != NULL && cJSON_AddItemToArray(array, text);
    }
    return added;
}

static bool save_setting(cJSON *object, const struct param *row, const void *settings) {
    char text[PARAM_TEXT_SIZE];
    const char *value = params_get(row, settings, text);
    if (row->type == PARAM_COLUMNS)
        return value[0] == '\0' || save_columns(object, row->name, value); // none named: every one that fits
    if (row->type == PARAM_SWITCH)
        return cJSON_AddBoolToObject(object, row->name, text_equal(value, "yes")) != NULL;
    if (row->type == PARAM_INTEGER || row->type == PARAM_REAL)
        return cJSON_AddRawToObject(object, row->name, value) != NULL;
    return cJSON_AddStringToObject(object, row->name, value) != NULL;
}

static enum status save_step(const struct step *step, bool fitted, cJSON *object, struct error *error) {
    bool added = cJSON_AddStringToObject(object, "step", step->kind->name) != NULL;
    for (size_t i = 0; i < step->kind->params->count && added; i++)
        added = save_setting(object, &step->kind->params->rows[i], step->settings);
    if (!step->enabled)
        added = added && cJSON_AddFalseToObject(object, "enabled") != NULL;
    if (added && (!fitted || !step->fitted))
        return STATUS_OK;
    cJSON *state = added ? cJSON_AddObjectToObject(object, "state") : NULL;
    return state == NULL ? error_memory(error, "a recipe", sizeof *state) : step->kind->save(step, state, error);
}

enum status pipeline_save(const struct pipeline *pipeline, bool fitted, char **json, struct error *error) {
    enum status status = STATUS_OK;
    cJSON *root = cJSON_CreateObject();
    cJSON *steps = NULL;
    if (root != NULL && cJSON_AddNumberToObject(root, "version", RECIPE_VERSION) != NULL)
        steps = cJSON_AddArrayToObject(root, "steps");
    if (steps == NULL)
        status = error_memory(error, "a recipe", sizeof *root);
    for (size_t i = 0; i < pipeline->count && status == STATUS_OK; i++) {
        cJSON *object = cJSON_CreateObject();
        if (object == NULL || !cJSON_AddItemToArray(steps, object))
            status = error_memory(error, "a recipe", sizeof *object);
        else
            status = save_step(pipeline->steps[i], fitted, object, error);
    }
    char *text = status == STATUS_OK ? cJSON_Print(root) : NULL;
    if (status == STATUS_OK) {
        *json = text == NULL ? NULL : mem_string(text); // the caller frees with mem_free, as everywhere
        if (*json == NULL)
            status = error_memory(error, "a recipe", text == NULL ? 0 : strlen(text));
    }
    cJSON_free(text);
    cJSON_Delete(root);
    return status;
}

// ---- loading ----

static enum status unknown_step(const char *name, struct error *error) {
    char hint[TEXT_HINT_SIZE];
    struct text_nearest nearest = text_nearest_of(name);
    for (size_t i = 0; i < step_kind_count(); i++)
        text_nearest_try(&nearest, step_kind_at(i)->name);
    return error_set(error, STATUS_INVALID, "there is no step \"%.80s\"; %s", name, text_nearest_hint(&nearest, hint));
}

static const char *json_kind(const cJSON *item) {
    if (cJSON_IsBool(item))
        return "true or false";
    if (cJSON_IsNumber(item))
        return "a number";
    if (cJSON_IsString(item))
        return "a text";
    if (cJSON_IsArray(item))
        return "an array";
    return cJSON_IsObject(item) ? "an object" : "null";
}

static enum status wrong_type(const cJSON *item, const char *wanted, struct error *error) {
    return error_set(error, STATUS_INVALID, "\"%.80s\" must be %s, and is %s", item->string, wanted, json_kind(item));
}

static enum status read_columns(const cJSON *item, struct str *list, struct error *error) {
    const cJSON *column;
    if (!cJSON_IsArray(item))
        return wrong_type(item, "an array of column names", error);
    if (cJSON_GetArraySize(item) == 0)
        return error_set(error, STATUS_INVALID, "\"%s\" is empty; leave it out to mean every column that fits",
                         item->string);
    cJSON_ArrayForEach(column, item) {
        if (!cJSON_IsString(column) || column->valuestring[0] == '\0')
            return error_set(error, STATUS_INVALID, "\"%s\" must hold column names only, and holds %s", item->string,
                             cJSON_IsString(column) ? "an empty one" : json_kind(column));
        column_list_add(list, column->valuestring);
        if (list->failed || list->length >= PARAM_TEXT_SIZE)
            return list->failed ? error_memory(error, "column names", list->length)
                                : error_set(error, STATUS_UNSUPPORTED,
                                            "\"%s\" names more columns than fit in %d bytes; make it two steps",
                                            item->string, PARAM_TEXT_SIZE - 1);
    }
    return STATUS_OK;
}

// The value as the text that params_set reads.
static enum status setting_text(const struct param *row, const cJSON *item, struct str *text, struct error *error) {
    char number[32];
    bool is_number = cJSON_IsNumber(item);
    if (is_number && !isfinite(item->valuedouble))
        return error_set(error, STATUS_INVALID, "\"%s\" must be a finite number", item->string);
    if (row->type == PARAM_COLUMNS)
        return read_columns(item, text, error);
    if (row->type == PARAM_SWITCH) {
        if (!cJSON_IsBool(item))
            return wrong_type(item, "true or false", error);
        str_add(text, cJSON_IsTrue(item) ? "yes" : "no");
    } else if (row->type == PARAM_INTEGER || row->type == PARAM_REAL) {
        if (!is_number)
            return wrong_type(item, "a number", error);
        str_add(text, number_text(item->valuedouble, number));
    } else if (row->type == PARAM_TEXT && is_number) {
        str_add(text, number_text(item->valuedouble, number));
    } else {
        if (!cJSON_IsString(item))
            return wrong_type(item, "a text", error);
        str_add(text, item->valuestring);
    }
    return text->failed ? error_memory(error, "a recipe", text->length) : STATUS_OK;
}

static enum status read_setting(struct step *step, const cJSON *item, struct error *error) {
    if (text_equal(item->string, "enabled")) {
        step->enabled = cJSON_IsTrue(item);
        return cJSON_IsBool(item) ? STATUS_OK : wrong_type(item, "true or false", error);
    }
    const struct param *row = params_find(step->kind->params, item->string);
    struct str text = {0};
    enum status status = STATUS_OK;
    if (row != NULL)
        status = setting_text(row, item, &text, error);
    if (status == STATUS_OK) // a name that is not known is refused there, with the nearest one
        status = step_set(step, item->string, str_text(&text), error);
    str_free(&text);
    return status;
}

static bool given_before(const cJSON *object, const cJSON *item) {
    for (const cJSON *other = object->child; other != item; other = other->next) {
        if (text_equal(other->string, item->string))
            return true;
    }
    return false;
}

static enum status read_state(struct step *step, const cJSON *state, struct error *error) {
    if (!cJSON_IsObject(state))
        return wrong_type(state, "an object", error);
    enum status status = step->kind->load(step, state, error);
    step->fitted = status == STATUS_OK;
    return status;
}

// The settings come before the state, whatever the order in the file: some states are read by them.
static enum status read_step(struct step *step, const cJSON *object, struct error *error) {
    const cJSON *item, *state = NULL;
    cJSON_ArrayForEach(item, object) {
        enum status status = STATUS_OK;
        if (given_before(object, item))
            status = error_set(error, STATUS_INVALID, "\"%.80s\" is given twice", item->string);
        else if (text_equal(item->string, "state"))
            state = item;
        else if (!text_equal(item->string, "step"))
            status = read_setting(step, item, error);
        if (status != STATUS_OK)
            return status;
    }
    return state == NULL ? STATUS_OK : read_state(step, state, error);
}

static enum status add_step(struct pipeline *pipeline, const cJSON *object, struct error *error) {
    if (!cJSON_IsObject(object))
        return error_set(error, STATUS_INVALID, "must be an object like {\"step\":\"standardize\"}, and is %s",
                         json_kind(object));
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(object, "step");
    if (!cJSON_IsString(name))
        return error_set(error, STATUS_INVALID, "needs a \"step\" that says which one it is, like \"standardize\"");
    const struct step_kind *kind = step_kind_find(name->valuestring);
    if (kind == NULL)
        return unknown_step(name->valuestring, error);
    enum status status = pipeline_insert(pipeline, pipeline->count, kind, error);
    if (status == STATUS_OK)
        status = read_step(pipeline->steps[pipeline->count - 1], object, error);
    if (status != STATUS_OK)
        error_prefix(error, "\"%s\"", kind->name);
    return status;
}

static enum status read_steps(struct pipeline *pipeline, const cJSON *steps, struct error *error) {
    const cJSON *object;
    enum status status = STATUS_OK;
    if (cJSON_GetArraySize(steps) > STEPS_MOST)
        return error_set(error, STATUS_UNSUPPORTED, "\"steps\" holds %d steps; at most %d are read",
                         cJSON_GetArraySize(steps), STEPS_MOST);
    size_t number = 0;
    cJSON_ArrayForEach(object, steps) {
        number++;
        status = add_step(pipeline, object, error);
        if (status != STATUS_OK) {
            error_prefix(error, "step %zu", number);
            break;
        }
    }
    return status;
}

static enum status read_recipe(struct pipeline *pipeline, const cJSON *root, struct error *error) {
    const cJSON *item, *steps = NULL, *version = NULL;
    if (!cJSON_IsObject(root))
        return error_set(error, STATUS_INVALID, "a recipe is an object {\"version\":1,\"steps\":[…]}, and this is %s",
                         json_kind(root));
    cJSON_ArrayForEach(item, root) {
        if (text_equal(item->string, "version") && version == NULL)
            version = item;
        else if (text_equal(item->string, "steps") && steps == NULL)
            steps = item;
        else
            return error_set(error, STATUS_INVALID, "\"%.80s\" does not belong in a recipe, which has \"version\" and "
                             "\"steps\", each once", item->string);
    }
    if (!cJSON_IsNumber(version) || version->valuedouble != RECIPE_VERSION)
        return error_set(error, STATUS_UNSUPPORTED, "\"version\" must be %d", RECIPE_VERSION);
    if (!cJSON_IsArray(steps))
        return error_set(error, STATUS_INVALID, "\"steps\" must be an array of steps");
    return read_steps(pipeline, steps, error);
}

static enum status not_json(const char *json, const char *end, struct error *error) {
    size_t line = 1, column = 1;
    for (const char *at = json; end != NULL && at < end && *at != '\0'; at++) {
        column = *at == '\n' ? 1 : column + 1;
        line += *at == '\n';
    }
    return error_set(error, STATUS_INVALID, "is not JSON: line %zu, column %zu cannot be read; correct it there", line,
                     column);
}

enum status pipeline_load(const char *json, const char *name, struct pipeline **pipeline, struct error *error) {
    struct pipeline *made = NULL;
    const char *end = NULL;
    enum status status = pipeline_make(&made, error);
    if (status != STATUS_OK)
        return status;
    cJSON *root = cJSON_ParseWithOpts(json, &end, true);
    status = root == NULL ? not_json(json, end, error) : read_recipe(made, root, error);
    cJSON_Delete(root);
    if (status == STATUS_OK) {
        *pipeline = made;
        return STATUS_OK;
    }
    pipeline_free(made);
    return error_prefix(error, "%s", name);
}

// ---- the short form ----

// Cuts `from` at the first `separator` that has no '\' before it. NULL when it is the last piece.
static char *cut(char *from, char separator) {
    for (; *from != '\0'; from++) {
        if (from[0] == '\\' && from[1] != '\0') {
            from++;
        } else if (*from == separator) {
            *from = '\0';
            return from + 1;
        }
    }
    return NULL;
}

// Takes one '\' off what was protected from cutting.
static void unescape(char *text) {
    char *to = text;
    for (; *text != '\0'; text++) {
        if (text[0] == '\\' && (text[1] == ',' || text[1] == ':' || text[1] == '=' || text[1] == '\\'))
            text++;
        *to++ = *text;
    }
    *to = '\0';
}

// "median" sets the first parameter, "columns=age" the one of that name.
static enum status parse_setting(struct step *step, char *text, bool first, struct error *error) {
    char *value = cut(text, '=');
    if (value == NULL && !first)
        return error_set(error, STATUS_INVALID, "\"%.80s\" must be NAME=VALUE", text);
    unescape(value == NULL ? text : value);
    if (value == NULL)
        return step_set(step, step->kind->params->rows[0].name, text, error);
    return step_set(step, text, value, error);
}

static enum status parse_step(struct pipeline *pipeline, char *text, struct error *error) {
    text += strspn(text, " ");
    char *settings = cut(text, '=');
    for (size_t length = strlen(text); length > 0 && text[length - 1] == ' '; length--)
        text[length - 1] = '\0';
    if (text[0] == '\0')
        return error_set(error, STATUS_INVALID, "a step is empty; give steps like \"missing=median,standardize,one-hot\"");
    const struct step_kind *kind = step_kind_find(text);
    if (kind == NULL)
        return unknown_step(text, error);
    enum status status = pipeline_insert(pipeline, pipeline->count, kind, error);
    for (bool first = true; settings != NULL && status == STATUS_OK; first = false) {
        char *next = cut(settings, ':');
        status = parse_setting(pipeline->steps[pipeline->count - 1], settings, first, error);
        settings = next;
    }
    return status == STATUS_OK ? status : error_prefix(error, "step %zu (%s)", pipeline->count, kind->name);
}

enum status pipeline_parse(const char *text, struct pipeline **pipeline, struct error *error) {
    struct pipeline *made = NULL;
    char *copy = mem_string(text);
    enum status status = copy == NULL ? error_memory(error, "steps", strlen(text)) : pipeline_make(&made, error);
    char *step = status == STATUS_OK && text[strspn(text, " ")] != '\0' ? copy : NULL;
    while (step != NULL && status == STATUS_OK) {
        char *next = cut(step, ',');
        status = parse_step(made, step, error);
        step = next;
    }
    if (status == STATUS_OK)
        *pipeline = made;
    else
        pipeline_free(made);
    mem_free(copy);
    return status;
}
