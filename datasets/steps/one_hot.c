// one-hot: a column of categories becomes one column of 0 and 1 for each category of the training rows,
// named "column=category": sorted by code point, numbers by value; missing cells are a category of
// their own, the last, where training rows have them. Rare categories can share one column, as scikit-learn's
// OneHotEncoder chooses them. The new columns are computed from the old one when they are read.
// Longer than most: fitting, applying and inverting share one numbering of the columns made.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/steps/categories.h"

struct settings {
    char unknown[PARAM_TEXT_SIZE], drop[PARAM_TEXT_SIZE];
    double min_frequency;
    int64_t max_categories;
    char columns[PARAM_TEXT_SIZE];
};
enum { MISSING };                           // figure: how missing cells are encoded
enum { HOLES_NONE, HOLES_OWN, HOLES_RARE }; // not known, a category of their own, one of the infrequent
#define CATEGORIES_MOST ((size_t)10000)
#define INFREQUENT_NAME "(infrequent)"

static const struct param rows[] = {
    {.name = "unknown",
     .label = "unknown",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, unknown),
     .fallback = "error",
     .choices = "error|ignore|infrequent",
     .help = "a category that no training row has: refuse it, give it zeros everywhere, or count it as infrequent"},
    {.name = "drop",
     .label = "drop",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, drop),
     .fallback = "none",
     .choices = "none|first|if-binary",
     .help = "leave the first category's column out: never, always, or where there are just two"},
    {.name = "min_frequency",
     .label = "min frequency",
     .group = "step",
     .type = PARAM_REAL,
     .offset = offsetof(struct settings, min_frequency),
     .fallback = "0",
     .low = 0,
     .high = 1e9,
     .step = 1,
     .help = "categories of fewer training rows share one column: a number of rows, below 1 a share; 0 = no limit"},
    {.name = "max_categories",
     .label = "max categories",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct settings, max_categories),
     .fallback = "0",
     .low = 0,
     .high = 10000,
     .step = 1,
     .help = "most columns made of one, the rarest categories sharing the last of them; 0 = no limit"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

// ---- fitting ----

struct ranked {
    size_t category, count;
};

// The rarest first; of equals the earlier one.
static int compare_ranked(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return (x->category > y->category) - (x->category < y->category);
}

static enum status mark_beyond_most(const size_t *counts, size_t present, size_t most, bool *rare,
                                    struct error *error) {
    struct ranked *ranked = mem_alloc(present, sizeof *ranked);
    if (ranked == NULL)
        return error_memory(error, "the categories of a column", present * sizeof *ranked);
    for (size_t i = 0; i < present; i++)
        ranked[i] = (struct ranked){i, counts[i]};
    qsort(ranked, present, sizeof *ranked, compare_ranked);
    for (size_t i = 0; i + (most - 1) < present; i++)
        rare[ranked[i].category] = true;
    mem_free(ranked);
    return STATUS_OK;
}

// counts[present]: the words', then (when training rows have holes) that of holes.
static enum status mark_rare(const struct settings *settings, const size_t *counts, size_t present, size_t training,
                             bool *rare, struct error *error) {
    double least = settings->min_frequency;
    if (least < 1)
        least *= (double)training;
    size_t columns = 1; // scikit-learn's count: the frequent ones and one for the others, also where there are none
    for (size_t i = 0; i < present; i++) {
        rare[i] = (double)counts[i] < least;
        columns += !rare[i];
    }
    size_t most = (size_t)settings->max_categories;
    return most == 0 || most >= columns ? STATUS_OK : mark_beyond_most(counts, present, most, rare, error);
}

// state->numbers[word]: 1 = it has a column of its own, 0 = infrequent; none where all have one.
static enum status keep_rare(const struct settings *settings, const size_t *counts, size_t training,
                             struct column_state *state, struct error *error) {
    size_t present = state->word_count + (counts[state->word_count] > 0), all = 0;
    bool *rare = mem_alloc(present, sizeof *rare);
    if (rare == NULL)
        return error_memory(error, "the categories of a column", present);
    enum status status = mark_rare(settings, counts, present, training, rare, error);
    for (size_t i = 0; i < present; i++)
        all += rare[i];
    if (present > state->word_count)
        state->figures[MISSING] = rare[state->word_count] ? HOLES_RARE : HOLES_OWN;
    for (size_t i = 0; i < state->word_count && all > 0 && status == STATUS_OK; i++)
        status = state_add_number(state, rare[i] ? 0 : 1, error);
    mem_free(rare);
    return status;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    size_t *counts;
    enum status status = categories_fit(step, table, index, training, count, CATEGORIES_MOST, state, &counts, error);
    if (status == STATUS_OK)
        status = keep_rare(step->settings, counts, count, state, error);
    mem_free(counts);
    return status;
}

// ---- the columns made ----

// Numbered as the words; behind them missing, then infrequent.
static size_t holes_of(const struct column_state *state) {
    return state->word_count;
}
static size_t rare_of(const struct column_state *state) {
    return state->word_count + 1;
}

static bool is_rare(const struct column_state *state, size_t category) {
    if (category == holes_of(state))
        return state->figures[MISSING] == HOLES_RARE;
    return state->number_count > 0 && state->numbers[category] == 0;
}

static bool any_rare(const struct column_state *state) {
    bool any = is_rare(state, holes_of(state));
    for (size_t i = 0; i < state->number_count; i++)
        any = any || state->numbers[i] == 0;
    return any;
}

struct outputs {
    size_t *categories; // [count] that have a column, in order
    size_t count;
    size_t dropped; // CATEGORY_NONE: none was
};

static enum status outputs_of(const struct step *step, const struct column_state *state, struct outputs *outputs,
                              struct error *error) {
    const struct settings *settings = step->settings;
    *outputs = (struct outputs){.dropped = CATEGORY_NONE};
    outputs->categories = mem_alloc(state->word_count + 2, sizeof *outputs->categories);
    if (outputs->categories == NULL)
        return error_memory(error, "the categories of a column", state->word_count * sizeof *outputs->categories);
    for (size_t i = 0; i < state->word_count; i++)
        if (!is_rare(state, i))
            outputs->categories[outputs->count++] = i;
    if (state->figures[MISSING] == HOLES_OWN)
        outputs->categories[outputs->count++] = holes_of(state);
    if (any_rare(state))
        outputs->categories[outputs->count++] = rare_of(state);
    bool drops = text_equal(settings->drop, "first") ? outputs->count > 0
                                                     : text_equal(settings->drop, "if-binary") && outputs->count == 2;
    if (drops) {
        outputs->dropped = outputs->categories[0];
        memmove(outputs->categories, outputs->categories + 1, --outputs->count * sizeof *outputs->categories);
    }
    return STATUS_OK;
}

static const char *category_text(const struct column_state *state, size_t category) {
    return category == holes_of(state)  ? MISSING_NAME
           : category == rare_of(state) ? INFREQUENT_NAME
                                        : state->words[category];
}

// "column=category"; freed with str_free.
static enum status category_name(const struct column_state *state, size_t category, struct str *name,
                                 struct error *error) {
    str_clear(name);
    str_format(name, "%s=%s", state->name, category_text(state, category));
    return name->failed ? error_memory(error, "a column's name", name->length) : STATUS_OK;
}

// ---- formulas: figures[0] which code or number is 1, figures[1] what a hole is ----

static void is_code(const struct column_formula *formula, const struct column_cells *from, double *values,
                    uint64_t *missing) {
    (void)missing;
    uint32_t code = (uint32_t)formula->figures[0];
    for (size_t i = 0; i < from->count; i++)
        values[i] = from->codes[i] == code;
    for (size_t i = 0; i < from->count && from->missing != NULL; i++)
        values[i] = cells_missing(from, i) ? formula->figures[1] : values[i];
}

static void is_number(const struct column_formula *formula, const struct column_cells *from, double *values,
                      uint64_t *missing) {
    (void)missing;
    for (size_t i = 0; i < from->count; i++)
        values[i] = cells_hole(from, i) ? formula->figures[1] : from->values[i] == formula->figures[0];
}

static void looked_up(const struct column_formula *formula, const struct column_cells *from, double *values,
                      uint64_t *missing) {
    (void)missing;
    for (size_t i = 0; i < from->count; i++)
        values[i] = cells_missing(from, i) ? formula->figures[1] : formula->lookup[from->codes[i]];
}

// figures[0]: 1 for numbers that are in the lookup, 0 for those that are not.
static void is_among(const struct column_formula *formula, const struct column_cells *from, double *values,
                     uint64_t *missing) {
    (void)missing;
    struct categories listed = {.count = formula->lookup_count, .numbers = formula->lookup};
    for (size_t i = 0; i < from->count; i++) {
        bool found = !cells_hole(from, i) && categories_number(&listed, from->values[i]) != CATEGORY_NONE;
        values[i] = cells_hole(from, i) ? formula->figures[1] : found == (formula->figures[0] != 0);
    }
}

// ---- applying ----

struct applying {
    const struct column_state *state;
    struct table *table;
    const struct column *column; // a reference is held
    struct categories categories;
    struct outputs outputs;
    bool unknown_rare; // what no training row has counts as infrequent
};

static struct column_formula formula_of_one(const struct applying *applying, size_t category) {
    const struct categories *categories = &applying->categories;
    bool holes = category == holes_of(applying->state);
    struct column_formula formula = {.compute = is_code, .figures = {UINT32_MAX, holes}}; // a code that no cell has
    if (categories->of_code == NULL) {
        formula.compute = is_number;
        formula.figures[0] = holes ? (double)NAN : categories->numbers[category];
        return formula;
    }
    for (size_t code = 0; code < applying->column->word_count && !holes; code++)
        if (categories->of_code[code] == category)
            formula.figures[0] = (double)code;
    return formula;
}

// Of the infrequent: whatever is known as such, and the unknown when it counts so.
static enum status formula_of_rare(const struct applying *applying, struct column_formula *formula,
                                   struct error *error) {
    const struct column_state *state = applying->state;
    const struct categories *categories = &applying->categories;
    bool words = categories->of_code != NULL, unknown = applying->unknown_rare;
    bool holes = is_rare(state, holes_of(state)) || (state->figures[MISSING] == HOLES_NONE && unknown);
    size_t count = words ? applying->column->word_count : state->word_count;
    *formula = (struct column_formula){.compute = words ? looked_up : is_among, .figures = {!unknown, holes}};
    formula->lookup = mem_alloc(count, sizeof *formula->lookup);
    if (formula->lookup == NULL)
        return error_memory(error, "the categories of a column", count * sizeof *formula->lookup);
    for (size_t i = 0; i < count; i++) {
        size_t category = words ? categories->of_code[i] : i;
        bool rare = category == CATEGORY_NONE ? unknown : is_rare(state, category);
        if (words)
            formula->lookup[formula->lookup_count++] = rare;
        else if (rare != unknown) // numbers: what is listed is 1, or, with the unknown, what is not
            formula->lookup[formula->lookup_count++] = categories->numbers[category];
    }
    return STATUS_OK;
}

static enum status add_category(const struct applying *applying, size_t at, size_t category, struct str *name,
                                struct error *error) {
    struct column_formula formula = {0};
    enum status status = category_name(applying->state, category, name, error);
    if (status == STATUS_OK && table_find(applying->table, str_text(name)) >= 0)
        status =
            error_set(error, STATUS_INVALID,
                      "there is a column \"%s\" already; rename it so that one-hot can use the name", str_text(name));
    if (status == STATUS_OK && category == rare_of(applying->state))
        status = formula_of_rare(applying, &formula, error);
    else if (status == STATUS_OK)
        formula = formula_of_one(applying, category);
    if (status != STATUS_OK)
        return status;
    formula.from = column_share((struct column *)(uintptr_t)applying->column);
    struct column *made = column_computed(str_text(name), COLUMN_NUMERIC, true, formula, 0, error);
    return made == NULL ? STATUS_MEMORY : table_insert(applying->table, at, made, error);
}

static enum status refuse_unknown(void *context, const struct column_cells *cells, struct error *error) {
    const struct applying *applying = context;
    const struct column_state *state = applying->state;
    for (size_t i = 0; i < cells->count; i++) {
        size_t category = categories_cell(&applying->categories, cells, i);
        bool known = category == holes_of(state) ? state->figures[MISSING] != HOLES_NONE : category != CATEGORY_NONE;
        if (!known)
            return categories_refuse(applying->table, applying->column, cells->first + i,
                                     category == holes_of(state)
                                         ? "set one-hot's \"unknown\" to ignore"
                                         : "set one-hot's \"unknown\" to ignore to give it zeros",
                                     error);
    }
    return STATUS_OK;
}

// Every word of the column is a category, and so are its missing cells: no cell need be looked at.
static bool all_known(const struct applying *applying) {
    const struct categories *categories = &applying->categories;
    bool known = categories->of_code != NULL &&
                 (applying->state->figures[MISSING] != HOLES_NONE || applying->column->missing_count == 0);
    for (size_t code = 0; code < applying->column->word_count && known; code++)
        known = categories->of_code[code] != CATEGORY_NONE;
    return known;
}

static enum status replace(const struct applying *applying, size_t index, struct error *error) {
    struct str name = {0};
    enum status status = STATUS_OK;
    table_remove(applying->table, index);
    for (size_t i = 0; i < applying->outputs.count && status == STATUS_OK; i++)
        status = add_category(applying, index + i, applying->outputs.categories[i], &name, error);
    str_free(&name);
    return status;
}

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    const struct settings *settings = step->settings;
    struct column *column = column_share(table->columns[index]);
    struct applying applying = {.state = state,
                                .table = table,
                                .column = column,
                                .unknown_rare = text_equal(settings->unknown, "infrequent") && any_rare(state)};
    char text[64];
    enum status status = categories_open(&applying.categories, state, column, error);
    if (status == STATUS_OK)
        status = outputs_of(step, state, &applying.outputs, error);
    if (status == STATUS_OK && text_equal(settings->unknown, "error") && !all_known(&applying))
        status = column_each(column, refuse_unknown, &applying, error);
    if (status == STATUS_OK)
        status = replace(&applying, index, error);
    snprintf(text, sizeof text, "%zu columns", applying.outputs.count);
    if (status == STATUS_OK)
        status = ledger_column(context, state->name, text, "categories of training rows", error);
    mem_free(applying.outputs.categories);
    categories_close(&applying.categories);
    column_release(column);
    return status;
}

// ---- inverting ----

struct inverting {
    const struct column_state *state;
    const struct table *table;
    struct outputs outputs;
    size_t *columns; // of the table, by output
    struct column_maker maker;
    double best[COLUMN_BLOCK], values[COLUMN_BLOCK];
    uint32_t codes[COLUMN_BLOCK];
    size_t category[COLUMN_BLOCK];
    uint64_t missing[COLUMN_BLOCK / 64];
};

// False: not all of its columns are there.
static enum status find_columns(struct inverting *inverting, bool *all, struct error *error) {
    struct str name = {0};
    enum status status = STATUS_OK;
    inverting->columns = mem_alloc(inverting->outputs.count, sizeof *inverting->columns);
    if (inverting->columns == NULL)
        return error_memory(error, "columns", inverting->outputs.count * sizeof *inverting->columns);
    *all = inverting->outputs.count > 0;
    for (size_t i = 0; i < inverting->outputs.count && status == STATUS_OK && *all; i++) {
        status = category_name(inverting->state, inverting->outputs.categories[i], &name, error);
        int index = status == STATUS_OK ? table_find(inverting->table, str_text(&name)) : -1;
        *all = index >= 0 && column_has_values(inverting->table->columns[index]);
        inverting->columns[i] = (size_t)index;
    }
    str_free(&name);
    return status;
}

// The category with the largest value in every row of a block. All zeros: the dropped category, else none.
static enum status find_largest(struct inverting *inverting, size_t block, size_t *count, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < inverting->outputs.count && status == STATUS_OK; i++) {
        struct column_scan scan;
        struct column_cells cells = {0};
        status = column_scan_open(&scan, inverting->table->columns[inverting->columns[i]], error);
        if (status == STATUS_OK)
            status = column_scan_read(&scan, block, &cells, error);
        for (size_t row = 0; row < cells.count && status == STATUS_OK; row++) {
            if (i == 0) {
                inverting->best[row] = 0;
                inverting->category[row] = inverting->outputs.dropped;
            }
            if (cells_missing(&cells, row) || !(cells.values[row] > inverting->best[row]))
                continue;
            inverting->best[row] = cells.values[row];
            inverting->category[row] = inverting->outputs.categories[i];
        }
        *count = cells.count;
        column_scan_close(&scan);
    }
    return status;
}

static enum status rebuild_block(struct inverting *inverting, size_t block, struct error *error) {
    const struct column_state *state = inverting->state;
    struct column_maker *maker = &inverting->maker;
    size_t count = 0;
    enum status status = find_largest(inverting, block, &count, error);
    memset(inverting->missing, 0, sizeof inverting->missing);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        size_t category = inverting->category[i];
        inverting->values[i] = inverting->codes[i] = 0;
        bool words = !column_has_values(maker->column);
        if (category == CATEGORY_NONE || category == holes_of(state) || (category == rare_of(state) && !words)) {
            inverting->missing[i / 64] |= (uint64_t)1 << (i % 64);
            continue;
        }
        const char *text = category_text(state, category);
        if (words)
            status = column_word(maker->column, text, strlen(text), &inverting->codes[i], error);
        else
            number_parse(text, &inverting->values[i]);
    }
    if (status != STATUS_OK)
        return status;
    return column_maker_add(maker, inverting->values, inverting->codes, inverting->missing, count, error);
}

static enum status rebuild(struct inverting *inverting, struct table *table, struct error *error) {
    struct column *made = NULL;
    size_t blocks = (table->rows + COLUMN_BLOCK - 1) / COLUMN_BLOCK, count = inverting->outputs.count;
    enum status status = column_maker_open(&inverting->maker, inverting->state->name, inverting->state->type, error);
    for (size_t block = 0; block < blocks && status == STATUS_OK; block++)
        status = rebuild_block(inverting, block, error);
    if (status == STATUS_OK)
        status = column_maker_finish(&inverting->maker, &made, error);
    column_maker_close(&inverting->maker);
    if (status != STATUS_OK)
        return status;
    table_replace(table, inverting->columns[0], made);
    for (size_t i = count; i-- > 1;)
        table_remove(table, inverting->columns[i]);
    return STATUS_OK;
}

static enum status invert_column(const struct step *step, const struct column_state *state, struct table *table,
                                 struct error *error) {
    struct inverting *inverting = mem_alloc(1, sizeof *inverting);
    bool all = false;
    if (inverting == NULL)
        return error_memory(error, "a block of cells", sizeof *inverting);
    inverting->state = state;
    inverting->table = table;
    enum status status = outputs_of(step, state, &inverting->outputs, error);
    if (status == STATUS_OK)
        status = find_columns(inverting, &all, error);
    if (status == STATUS_OK && all)
        status = rebuild(inverting, table, error);
    mem_free(inverting->outputs.categories);
    mem_free(inverting->columns);
    mem_free(inverting);
    return status;
}

static enum status invert(const struct step *step, struct table *table, struct error *error) {
    const struct step_state *state = step->state;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++)
        status = invert_column(step, &state->columns[i], table, error);
    return status;
}

// ---- loading ----

static enum status load(struct step *step, const cJSON *object, struct error *error) {
    enum status status = state_load(step, object, error);
    const struct step_state *state = step->state;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        const struct column_state *column = &state->columns[i];
        status = categories_check(column, CATEGORIES_MOST, error);
        if (status == STATUS_OK && column->number_count != 0 && column->number_count != column->word_count)
            status = error_set(error, STATUS_INVALID, "column \"%.80s\" must have as many \"numbers\" as \"words\"",
                               column->name);
    }
    return status;
}

const struct step_kind step_one_hot = {
    .name = "one-hot",
    .label = "one-hot",
    .help = "turn categories into columns of 0 and 1",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_COLUMN,
    .reversible = true,
    .figures = {[MISSING] = "missing"},
    .fits = step_fits_categories,
    .fit = step_fit_each,
    .fit_one = fit_one,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .invert = invert,
    .save = state_save,
    .load = load,
    .clear = state_clear,
};
