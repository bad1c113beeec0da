// How a file was opened: what a person forced, kept so that it can be read again the same way.
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/session_private.h"

void load_settings_clear(struct load_settings *settings) {
    for (size_t i = 0; i < settings->token_count; i++)
        mem_free(settings->tokens[i]);
    for (size_t i = 0; i < settings->type_count; i++)
        mem_free(settings->types[i].column);
    for (size_t i = 0; i < settings->more_count; i++)
        mem_free(settings->more[i]);
    mem_free(settings->more);
    mem_free(settings->tokens);
    mem_free(settings->types);
    mem_free(settings->path);
    *settings = (struct load_settings){0};
}

enum status load_settings_add_token(struct load_settings *settings, const char *token, struct error *error) {
    for (size_t i = 0; i < settings->token_count; i++) {
        if (strcmp(settings->tokens[i], token) == 0)
            return STATUS_OK;
    }
    char *copy = mem_string(token);
    if (!copy || !vec_reserve(&settings->tokens, &settings->token_capacity, settings->token_count + 1, sizeof copy)) {
        mem_free(copy);
        return error_memory(error, "a token that means missing", strlen(token));
    }
    settings->tokens[settings->token_count++] = copy;
    return STATUS_OK;
}

enum status load_settings_set_type(struct load_settings *settings, const char *column, enum column_type type,
                                   bool amount, struct error *error) {
    for (size_t i = 0; i < settings->type_count; i++) {
        if (strcmp(settings->types[i].column, column) == 0) {
            settings->types[i].type = type;
            settings->types[i].amount = amount;
            return STATUS_OK;
        }
    }
    if (settings->type_count == DATASET_OVERRIDES_MOST)
        return error_set(error, STATUS_INVALID, "column '%s': at most %d columns can be given a type by hand", column,
                         DATASET_OVERRIDES_MOST);
    char *copy = mem_string(column);
    if (!copy ||
        !vec_reserve(&settings->types, &settings->type_capacity, settings->type_count + 1, sizeof *settings->types)) {
        mem_free(copy);
        return error_memory(error, "the type of a column", strlen(column));
    }
    settings->types[settings->type_count++] = (struct type_override){copy, type, amount};
    return STATUS_OK;
}

static enum status copy_more(struct load_settings *settings, const struct load_options *options, struct error *error) {
    settings->more = mem_alloc(options->more_count + 1, sizeof *settings->more);
    if (!settings->more)
        return error_memory(error, "the names of files", options->more_count * sizeof *settings->more);
    for (; settings->more_count < options->more_count; settings->more_count++) {
        settings->more[settings->more_count] = mem_string(options->more[settings->more_count]);
        if (!settings->more[settings->more_count])
            return error_memory(error, "the name of a file", strlen(options->more[settings->more_count]));
    }
    return STATUS_OK;
}

enum status load_settings_make(struct load_settings *settings, const char *path, const struct load_options *options,
                               struct error *error) {
    struct load_settings made = {.path = mem_string(path), .dialect = dialect_detect()};
    enum status status = made.path ? STATUS_OK : error_memory(error, "the path of a file", strlen(path));
    if (options) {
        made.dialect = options->dialect;
        made.only_tokens = options->only_tokens;
    }
    if (options && !status)
        status = copy_more(&made, options, error);
    for (size_t i = 0; options && !status && i < options->missing_token_count; i++)
        status = load_settings_add_token(&made, options->missing_tokens[i], error);
    for (size_t i = 0; options && !status && i < options->override_count; i++)
        status = load_settings_set_type(&made, options->overrides[i].column, options->overrides[i].type,
                                        options->overrides[i].amount, error);
    if (status)
        load_settings_clear(&made);
    else
        *settings = made;
    return status;
}

struct load_options load_settings_options(const struct load_settings *settings, const char *target) {
    struct load_options options = load_options_default();
    options.dialect = settings->dialect;
    options.more = (const char *const *)settings->more;
    options.more_count = settings->more_count;
    options.missing_tokens = (const char *const *)settings->tokens;
    options.missing_token_count = settings->token_count;
    options.only_tokens = settings->only_tokens;
    options.override_count = settings->type_count;
    for (size_t i = 0; i < settings->type_count; i++) {
        options.overrides[i].column = settings->types[i].column;
        options.overrides[i].type = settings->types[i].type;
        options.overrides[i].amount = settings->types[i].amount;
    }
    options.target = target && target[0] ? target : NULL;
    return options;
}

// ---- JSON -----------------------------------------------------------------------------------------------

// How numbers and dates are written: one character each, left out where it is not given.
static bool add_mark(cJSON *object, const char *name, char mark) {
    char text[2] = {mark, '\0'};
    return !mark || cJSON_AddStringToObject(object, name, text);
}

static bool add_dialect(cJSON *object, const struct dialect *dialect) {
    double skip = dialect->skip == SIZE_MAX ? -1 : (double)dialect->skip;
    return cJSON_AddStringToObject(object, "delimiter", dialect->delimiter) &&
           cJSON_AddNumberToObject(object, "quote", dialect->quote) &&
           cJSON_AddNumberToObject(object, "escape", dialect->escape) &&
           cJSON_AddNumberToObject(object, "header", dialect->header) &&
           cJSON_AddStringToObject(object, "encoding", dialect->encoding) &&
           cJSON_AddNumberToObject(object, "skip", skip) && add_mark(object, "decimal", dialect->decimal) &&
           add_mark(object, "thousands", dialect->thousands) && add_mark(object, "date_order", dialect->date_order);
}

static bool add_lists(cJSON *object, const struct load_settings *settings) {
    cJSON *tokens = cJSON_AddArrayToObject(object, "missing_tokens"), *types = cJSON_AddArrayToObject(object, "types");
    bool made = tokens && types && (!settings->only_tokens || cJSON_AddTrueToObject(object, "only_tokens"));
    cJSON *more = made && settings->more_count > 0 ? cJSON_AddArrayToObject(object, "more") : NULL;
    made = made && (more || settings->more_count == 0);
    for (size_t i = 0; made && i < settings->more_count; i++)
        made = cJSON_AddItemToArray(more, cJSON_CreateString(settings->more[i]));
    for (size_t i = 0; made && i < settings->token_count; i++)
        made = cJSON_AddItemToArray(tokens, cJSON_CreateString(settings->tokens[i]));
    for (size_t i = 0; made && i < settings->type_count; i++) {
        cJSON *entry = cJSON_CreateObject();
        made = cJSON_AddItemToArray(types, entry) &&
               cJSON_AddStringToObject(entry, "column", settings->types[i].column) &&
               cJSON_AddStringToObject(entry, "type",
                                       column_type_asked_name(settings->types[i].type, settings->types[i].amount));
    }
    return made;
}

cJSON *load_settings_json(const struct load_settings *settings) {
    cJSON *object = cJSON_CreateObject();
    if (object && cJSON_AddStringToObject(object, "path", settings->path) && add_dialect(object, &settings->dialect) &&
        add_lists(object, settings))
        return object;
    cJSON_Delete(object);
    return NULL;
}

static int read_integer(const cJSON *object, const char *name, int otherwise) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(item) ? item->valueint : otherwise;
}

static void read_text(const cJSON *object, const char *name, char *out, size_t size) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    if (text && strlen(text) < size)
        snprintf(out, size, "%s", text);
}

static char read_mark(const cJSON *object, const char *name, const char *known) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text && text[0] && !text[1] && strchr(known, text[0]) ? text[0] : '\0';
}

static struct dialect read_dialect(const cJSON *object) {
    struct dialect dialect = dialect_detect();
    read_text(object, "delimiter", dialect.delimiter, sizeof dialect.delimiter);
    read_text(object, "encoding", dialect.encoding, sizeof dialect.encoding);
    dialect.quote = (char)read_integer(object, "quote", dialect.quote);
    dialect.escape = (char)read_integer(object, "escape", dialect.escape);
    dialect.header = read_integer(object, "header", dialect.header);
    int skip = read_integer(object, "skip", -1);
    dialect.skip = skip < 0 ? SIZE_MAX : (size_t)skip;
    dialect.decimal = read_mark(object, "decimal", ".,");
    dialect.thousands = read_mark(object, "thousands", ",. 'n");
    dialect.date_order = read_mark(object, "date_order", "dm");
    return dialect;
}

static enum status read_type(struct load_settings *settings, const cJSON *entry, struct error *error) {
    const char *column = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "column"));
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "type"));
    enum column_type type;
    bool amount;
    if (column && name && column_type_asked(name, &type, &amount))
        return load_settings_set_type(settings, column, type, amount, error);
    return error_set(error, STATUS_INVALID, "the checkpoint's data section gives column '%s' the unknown type '%s'",
                     column ? column : "", name ? name : "");
}

static enum status read_more(struct load_settings *settings, const cJSON *list, struct error *error) {
    const cJSON *entry;
    int count = cJSON_GetArraySize(list);
    settings->more = count > 0 ? mem_alloc((size_t)count, sizeof *settings->more) : NULL;
    if (!settings->more && count > 0)
        return error_memory(error, "the names of files", sizeof *settings->more);
    cJSON_ArrayForEach(entry, list) {
        const char *path = cJSON_GetStringValue(entry);
        if (!path)
            continue;
        if (!(settings->more[settings->more_count] = mem_string(path)))
            return error_memory(error, "the name of a file", strlen(path));
        settings->more_count++;
    }
    return STATUS_OK;
}

enum status load_settings_parse(const cJSON *object, struct load_settings *settings, struct error *error) {
    const char *path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "path"));
    if (!path)
        return error_set(error, STATUS_INVALID, "the checkpoint does not say which data it was trained on");
    struct load_settings made = {0};
    const cJSON *entry;
    enum status status = load_settings_make(&made, path, NULL, error);
    if (!status)
        made.dialect = read_dialect(object);
    made.only_tokens = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "only_tokens"));
    if (!status)
        status = read_more(&made, cJSON_GetObjectItemCaseSensitive(object, "more"), error);
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(object, "missing_tokens")) {
        if (!status && cJSON_IsString(entry))
            status = load_settings_add_token(&made, entry->valuestring, error);
    }
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(object, "types")) {
        if (!status)
            status = read_type(&made, entry, error);
    }
    if (status)
        load_settings_clear(&made);
    else
        *settings = made;
    return status;
}
