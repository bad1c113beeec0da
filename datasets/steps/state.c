// Fitted state, one column_state per column: growing, freeing, saving, loading.
#include "datasets/steps/state.h"

#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

struct column_state *state_add(struct step_state *state, const char *name, enum column_type type, struct error *error) {
    char *copy = mem_string(name);
    if (copy == NULL || !vec_reserve(&state->columns, &state->capacity, state->count + 1, sizeof *state->columns)) {
        mem_free(copy);
        error_memory(error, "what a step has learned", sizeof *state->columns);
        return NULL;
    }
    struct column_state *column = &state->columns[state->count++];
    *column = (struct column_state){.name = copy, .type = type};
    return column;
}

enum status state_add_word(struct column_state *column, const char *word, struct error *error) {
    char *copy = mem_string(word);
    size_t room = column->word_count; // words come rarely: exact room would be quadratic, so double
    bool grown = true;
    if ((room & (room - 1)) == 0) {
        char **words = mem_resize(column->words, room == 0 ? 1 : room * 2, sizeof *words);
        grown = words != NULL;
        column->words = grown ? words : column->words;
    }
    if (copy == NULL || !grown) {
        mem_free(copy);
        return error_memory(error, "what a step has learned", sizeof *column->words);
    }
    column->words[column->word_count++] = copy;
    return STATUS_OK;
}

enum status state_add_number(struct column_state *column, double number, struct error *error) {
    size_t room = column->number_count;
    if ((room & (room - 1)) == 0) {
        double *numbers = mem_resize(column->numbers, room == 0 ? 1 : room * 2, sizeof *numbers);
        if (numbers == NULL)
            return error_memory(error, "what a step has learned", (room + 1) * sizeof *numbers);
        column->numbers = numbers;
    }
    column->numbers[column->number_count++] = number;
    return STATUS_OK;
}

static void column_clear(struct column_state *column) {
    for (size_t word = 0; word < column->word_count; word++)
        mem_free(column->words[word]);
    mem_free(column->words);
    mem_free(column->numbers);
    mem_free(column->name);
}

void state_remove(struct step_state *state, size_t index) {
    column_clear(&state->columns[index]);
    memmove(&state->columns[index], &state->columns[index + 1], (--state->count - index) * sizeof *state->columns);
}

void state_clear(struct step *step) {
    struct step_state *state = step->state;
    for (size_t i = 0; i < state->count; i++)
        column_clear(&state->columns[i]);
    mem_free(state->columns);
    memset(state, 0, sizeof *state);
    step->fitted = false;
}

// ---- saving ----

bool json_add_number(cJSON *object, const char *name, double value) {
    char text[32];
    return cJSON_AddRawToObject(object, name, number_text(value, text)) != NULL;
}

static bool save_words(cJSON *object, const struct column_state *column) {
    cJSON *words = cJSON_AddArrayToObject(object, "words");
    bool added = words != NULL;
    for (size_t i = 0; i < column->word_count && added; i++) {
        cJSON *word = cJSON_CreateString(column->words[i]);
        added = word != NULL && cJSON_AddItemToArray(words, word);
    }
    return added;
}

static bool save_numbers(cJSON *object, const struct column_state *column) {
    cJSON *numbers = cJSON_AddArrayToObject(object, "numbers");
    bool added = numbers != NULL;
    char text[32];
    for (size_t i = 0; i < column->number_count && added; i++) {
        cJSON *number = cJSON_CreateRaw(number_text(column->numbers[i], text));
        added = number != NULL && cJSON_AddItemToArray(numbers, number);
    }
    return added;
}

static bool save_column(const struct step *step, cJSON *object, const struct column_state *column) {
    bool added = cJSON_AddStringToObject(object, "name", column->name) != NULL &&
                 cJSON_AddStringToObject(object, "type", column_type_name(column->type)) != NULL;
    if (column->target)
        added = added && cJSON_AddTrueToObject(object, "target") != NULL;
    for (size_t i = 0; i < STEP_FIGURES && added && step->kind->figures[i] != NULL; i++)
        added = json_add_number(object, step->kind->figures[i], column->figures[i]);
    added = added && (column->word_count == 0 || save_words(object, column));
    return added && (column->number_count == 0 || save_numbers(object, column));
}

enum status state_save(const struct step *step, cJSON *object, struct error *error) {
    const struct step_state *state = step->state;
    cJSON *columns = cJSON_AddArrayToObject(object, "columns");
    bool added = columns != NULL;
    for (size_t i = 0; i < state->count && added; i++) {
        cJSON *column = cJSON_CreateObject();
        added =
            column != NULL && cJSON_AddItemToArray(columns, column) && save_column(step, column, &state->columns[i]);
    }
    return added ? STATUS_OK : error_memory(error, "a saved pipeline", sizeof *state);
}

// ---- loading ----

static enum status read_type(const cJSON *item, enum column_type *type, struct error *error) {
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(item, "type");
    for (int i = 0; cJSON_IsString(text) && i < COLUMN_TYPES; i++) {
        if (text_equal(text->valuestring, column_type_name((enum column_type)i))) {
            *type = (enum column_type)i;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID, "\"type\" must be \"numeric\", \"category\", \"date\" or \"text\"");
}

static enum status read_figures(const struct step *step, const cJSON *item, struct column_state *column,
                                struct error *error) {
    for (size_t i = 0; i < STEP_FIGURES && step->kind->figures[i] != NULL; i++) {
        const cJSON *figure = cJSON_GetObjectItemCaseSensitive(item, step->kind->figures[i]);
        if (!cJSON_IsNumber(figure) || !isfinite(figure->valuedouble))
            return error_set(error, STATUS_INVALID, "\"%s\" of column \"%.80s\" must be a finite number",
                             step->kind->figures[i], column->name);
        column->figures[i] = figure->valuedouble;
    }
    return STATUS_OK;
}

static enum status read_words(const cJSON *item, struct column_state *column, struct error *error) {
    const cJSON *words = cJSON_GetObjectItemCaseSensitive(item, "words"), *word;
    if (words == NULL)
        return STATUS_OK;
    if (!cJSON_IsArray(words))
        return error_set(error, STATUS_INVALID, "\"words\" of column \"%.80s\" must be an array", column->name);
    cJSON_ArrayForEach(word, words) {
        if (!cJSON_IsString(word))
            return error_set(error, STATUS_INVALID, "\"words\" of column \"%.80s\" must hold texts only", column->name);
        enum status status = state_add_word(column, word->valuestring, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_numbers(const cJSON *item, struct column_state *column, struct error *error) {
    const cJSON *numbers = cJSON_GetObjectItemCaseSensitive(item, "numbers"), *number;
    if (numbers == NULL)
        return STATUS_OK;
    if (!cJSON_IsArray(numbers))
        return error_set(error, STATUS_INVALID, "\"numbers\" of column \"%.80s\" must be an array", column->name);
    cJSON_ArrayForEach(number, numbers) {
        if (!cJSON_IsNumber(number) || !isfinite(number->valuedouble))
            return error_set(error, STATUS_INVALID, "\"numbers\" of column \"%.80s\" must hold finite numbers only",
                             column->name);
        enum status status = state_add_number(column, number->valuedouble, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_column(struct step *step, const cJSON *item, struct error *error) {
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
    if (!cJSON_IsObject(item) || !cJSON_IsString(name))
        return error_set(error, STATUS_INVALID, "every column of a state must be an object with a \"name\"");
    enum column_type type = COLUMN_NUMERIC;
    enum status status = read_type(item, &type, error);
    if (status != STATUS_OK)
        return status;
    struct column_state *column = state_add(step->state, name->valuestring, type, error);
    if (column == NULL)
        return STATUS_MEMORY;
    column->target = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "target"));
    status = read_figures(step, item, column, error);
    if (status == STATUS_OK)
        status = read_words(item, column, error);
    return status == STATUS_OK ? read_numbers(item, column, error) : status;
}

enum status state_load(struct step *step, const cJSON *object, struct error *error) {
    const cJSON *columns = cJSON_GetObjectItemCaseSensitive(object, "columns"), *item;
    if (!cJSON_IsArray(columns))
        return error_set(error, STATUS_INVALID, "\"state\" must hold an array \"columns\"");
    enum status status = STATUS_OK;
    cJSON_ArrayForEach(item, columns) {
        if (status == STATUS_OK)
            status = read_column(step, item, error);
    }
    if (status != STATUS_OK)
        state_clear(step);
    return status;
}

enum status state_check_positive(const struct step *step, size_t figure, struct error *error) {
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count; i++) {
        if (!(state->columns[i].figures[figure] > 0))
            return error_set(error, STATUS_INVALID, "\"%s\" of column \"%.80s\" must be greater than 0",
                             step->kind->figures[figure], state->columns[i].name);
    }
    return STATUS_OK;
}
