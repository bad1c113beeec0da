// near-equal: words of categories that are probably the same one written differently. Without `merges` it only
// proposes: groups of the training rows' words with their counts in the ledger, and the merges ready to be confirmed
// as a step of their own. With `merges` exactly those are done, in every row, and nothing is guessed.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/near_equal.h"
#include "datasets/steps/series.h"
#include "datasets/steps/state.h"

struct settings {
    char key[PARAM_TEXT_SIZE], merges[PARAM_TEXT_SIZE];
    int64_t size, distance;
    char columns[PARAM_TEXT_SIZE];
};

static const struct param rows[] = {
    {.name = "key",
     .label = "key",
     .group = "step",
     .type = PARAM_CHOICE,
     .offset = offsetof(struct settings, key),
     .fallback = "fingerprint",
     .choices = "fingerprint|ngram|distance",
     .help = "what makes words near-equal: case, accents, punctuation and order of words; runs of letters, too; or few "
             "changed letters"},
    {.name = "merges",
     .label = "merges",
     .group = "step",
     .type = PARAM_TEXT,
     .offset = offsetof(struct settings, merges),
     .fallback = "",
     .help =
         "FROM=TO,FROM=TO …: the words that are merged (\\ before a comma or = within a word); empty = only propose"},
    {.name = "size",
     .label = "size",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct settings, size),
     .fallback = "2",
     .low = 1,
     .high = 10,
     .unit = "letters",
     .help = "key ngram: how long the runs of letters are"},
    {.name = "distance",
     .label = "distance",
     .group = "step",
     .type = PARAM_INTEGER,
     .offset = offsetof(struct settings, distance),
     .fallback = "1",
     .low = 1,
     .high = 10,
     .unit = "letters",
     .help = "key distance: so many letters may be added, taken or changed in words of more than twice as many"},
    STEP_COLUMNS_PARAM(struct settings),
};
static const struct param_table params = {rows, sizeof rows / sizeof rows[0], sizeof(struct settings)};

static const struct settings *settings_of(const struct step *step) {
    return step->settings;
}

// ---- proposing: what is proposed is kept as words of the state, one line each ----

// "New York (120), NYC (3)"
static void describe(const struct column *column, const struct near_group *group, const size_t *counts,
                     struct str *out) {
    for (size_t i = 0; i < group->count; i++)
        str_format(out, "%s%s (%zu)", i > 0 ? ", " : "", column->words[group->codes[i]], counts[group->codes[i]]);
}

// A step of the short form that does the merges in `list`: a further '\' protects what its reader would cut at.
static void ready_step(const char *column, const char *list, struct str *out) {
    struct str name = {0};
    column_list_add(&name, column);
    str_add(out, "near-equal=merges=");
    for (int part = 0; part < 2; part++) {
        for (const char *at = part == 0 ? list : str_text(&name); *at != '\0'; at++) {
            if (strchr(",:=\\", *at) != NULL)
                str_add_char(out, '\\');
            str_add_char(out, *at);
        }
        str_add(out, part == 0 ? ":columns=" : "");
    }
    out->failed = out->failed || name.failed;
    str_free(&name);
}

// Closes the step that `list` has grown to.
static enum status add_ready(struct column_state *state, struct str *list, struct error *error) {
    struct str step = {0};
    enum status status = STATUS_OK;
    if (list->length > 0) {
        ready_step(state->name, str_text(list), &step);
        status = step.failed || list->failed ? error_memory(error, "a proposed step", step.length)
                                             : state_add_word(state, str_text(&step), error);
    }
    str_free(&step);
    str_clear(list);
    return status;
}

static enum status propose_merges(const struct column *column, const struct near_groups *groups,
                                  struct column_state *state, struct error *error) {
    struct str list = {0}, one = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < groups->count && status == STATUS_OK; i++) {
        const struct near_group *group = &groups->items[i];
        for (size_t j = 1; j < group->count && status == STATUS_OK; j++) {
            str_clear(&one);
            merge_list_add(&one, column->words[group->codes[j]], column->words[group->codes[0]]);
            if (one.length + 1 >= PARAM_TEXT_SIZE)
                continue; // words as long as that are no categories
            if (list.length + one.length + 2 >= PARAM_TEXT_SIZE)
                status = add_ready(state, &list, error);
            merge_list_add(&list, column->words[group->codes[j]], column->words[group->codes[0]]);
        }
    }
    if (status == STATUS_OK)
        status = add_ready(state, &list, error);
    str_free(&one);
    str_free(&list);
    return status;
}

static enum status propose(const struct step *step, const struct column *column, const size_t *counts,
                           struct column_state *state, struct error *error) {
    const struct settings *settings = settings_of(step);
    struct near_options options = {.size = (size_t)settings->size, .distance = (size_t)settings->distance};
    struct near_groups groups = {0};
    options.key = text_equal(settings->key, "fingerprint") ? NEAR_FINGERPRINT
                  : text_equal(settings->key, "ngram")     ? NEAR_NGRAM
                                                           : NEAR_DISTANCE;
    enum status status = near_equal_groups(column, counts, &options, &groups, step->task, error);
    for (size_t i = 0; i < groups.count && status == STATUS_OK; i++) {
        struct str text = {0};
        describe(column, &groups.items[i], counts, &text);
        status = text.failed ? error_memory(error, "near-equal words", text.length)
                             : state_add_word(state, str_text(&text), error);
        str_free(&text);
    }
    if (status == STATUS_OK)
        status = propose_merges(column, &groups, state, error);
    near_groups_free(&groups);
    return status;
}

static enum status fit_one(const struct step *step, const struct table *table, size_t index, const uint32_t *training,
                           size_t count, struct column_state *state, struct error *error) {
    const struct column *column = table->columns[index];
    size_t holes;
    if (column_has_values(column))
        return error_set(error, STATUS_INVALID, "column \"%s\" is %s; this step needs words", state->name,
                         column_type_name(column->type));
    if (settings_of(step)->merges[0] != '\0')
        return STATUS_OK;
    size_t *counts = mem_alloc(column->word_count + 1, sizeof *counts);
    if (counts == NULL)
        return error_memory(error, "the counts of a column", column->word_count * sizeof *counts);
    enum status status = words_count(step->task, column, training, count, counts, &holes, error);
    if (status == STATUS_OK)
        status = propose(step, column, counts, state, error);
    mem_free(counts);
    return status;
}

// ---- merging ----

struct merge {
    char *from, *to;
};
struct merges {
    struct merge *items;
    size_t count, capacity;
};

static void merges_free(struct merges *merges) {
    for (size_t i = 0; i < merges->count; i++) {
        mem_free(merges->items[i].from);
        mem_free(merges->items[i].to);
    }
    mem_free(merges->items);
}

static const char *merged_word(const struct merges *merges, const char *word) {
    for (size_t i = 0; i < merges->count; i++) {
        if (text_equal(merges->items[i].from, word))
            return merges->items[i].to;
    }
    return NULL;
}

static enum status add_merge(struct merges *merges, const char *from, const char *to, struct error *error) {
    if (from[0] == '\0' || to[0] == '\0')
        return error_set(error, STATUS_INVALID, "\"merges\" must be FROM=TO,FROM=TO …; a word is empty in it");
    if (merged_word(merges, from) != NULL)
        return error_set(error, STATUS_INVALID, "\"merges\" names \"%.80s\" twice; leave one out", from);
    struct merge merge = {mem_string(from), mem_string(to)};
    if (merge.from != NULL && merge.to != NULL &&
        vec_reserve(&merges->items, &merges->capacity, merges->count + 1, sizeof merge)) {
        merges->items[merges->count++] = merge;
        return STATUS_OK;
    }
    mem_free(merge.from);
    mem_free(merge.to);
    return error_memory(error, "merges", sizeof merge);
}

static enum status read_merges(const char *list, struct merges *merges, struct error *error) {
    struct str from = {0}, to = {0};
    enum status status = STATUS_OK;
    while (status == STATUS_OK && merge_list_next(&list, &from, &to))
        status = from.failed || to.failed ? error_memory(error, "merges", from.length)
                                          : add_merge(merges, str_text(&from), str_text(&to), error);
    str_free(&from);
    str_free(&to);
    if (status == STATUS_OK && *list != '\0')
        status =
            error_set(error, STATUS_INVALID, "\"merges\" must be FROM=TO,FROM=TO …, and goes on with \"%.40s\"", list);
    for (size_t i = 0; i < merges->count && status == STATUS_OK; i++) {
        if (merged_word(merges, merges->items[i].to) != NULL)
            status = error_set(error, STATUS_INVALID,
                               "\"merges\" makes \"%.40s\" into \"%.40s\", which is itself merged; name the last word",
                               merges->items[i].from, merges->items[i].to);
    }
    return status;
}

static enum status fit(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                       struct error *error) {
    struct merges merges = {0};
    enum status status = read_merges(settings_of(step)->merges, &merges, error);
    merges_free(&merges);
    return status == STATUS_OK ? step_fit(step, table, training, count, fit_one, error) : status;
}

struct merging {
    const struct merges *merges;
    const struct table *table;
    const struct column *from;
    const struct apply_context *context;
    struct column_maker maker;
    const char **to; // [words of from]: NULL: stays
    uint32_t *code;  // [words of from]: in the new column, + 1; 0: not yet
    uint32_t codes[COLUMN_BLOCK];
};

static enum status new_code(struct merging *merging, uint32_t old, uint32_t *code, struct error *error) {
    enum status status = STATUS_OK;
    if (merging->code[old] == 0) {
        const char *word = merging->to[old] != NULL ? merging->to[old] : merging->from->words[old];
        status = column_word(merging->maker.column, word, strlen(word), code, error);
        merging->code[old] = *code + 1;
    }
    *code = merging->code[old] - 1;
    return status;
}

static enum status merge_block(void *context, const struct column_cells *cells, struct error *error) {
    struct merging *merging = context;
    enum status status = task_step(merging->context->task, 0, error);
    for (size_t i = 0; i < cells->count && status == STATUS_OK; i++) {
        merging->codes[i] = 0;
        if (cells_missing(cells, i))
            continue;
        uint32_t old = cells->codes[i];
        status = new_code(merging, old, &merging->codes[i], error);
        if (status == STATUS_OK && merging->to[old] != NULL)
            status = ledger_cell(merging->context, merging->table, cells->first + i, merging->from->name,
                                 merging->from->words[old], merging->to[old], "merged with a near-equal word", error);
    }
    if (status != STATUS_OK)
        return status;
    return column_maker_add(&merging->maker, NULL, merging->codes, cells->missing, cells->count, error);
}

static enum status merge_cells(struct merging *merging, struct column **made, struct error *error) {
    const struct column *from = merging->from;
    merging->to = mem_alloc(from->word_count + 1, sizeof *merging->to);
    merging->code = mem_alloc(from->word_count + 1, sizeof *merging->code);
    if (merging->to == NULL || merging->code == NULL)
        return error_memory(error, "the words of a column", from->word_count * sizeof *merging->to);
    bool any = false;
    for (size_t code = 0; code < from->word_count; code++) {
        merging->to[code] = merged_word(merging->merges, from->words[code]);
        any = any || merging->to[code] != NULL;
    }
    if (!any)
        return STATUS_OK;
    enum status status = column_maker_open(&merging->maker, from->name, from->type, error);
    if (status == STATUS_OK)
        status = column_each(from, merge_block, merging, error);
    if (status == STATUS_OK)
        status = column_maker_finish(&merging->maker, made, error);
    column_maker_close(&merging->maker);
    return status;
}

static enum status merge_column(const struct merges *merges, struct table *table, size_t index,
                                const struct apply_context *context, struct error *error) {
    struct column *made = NULL;
    struct merging *merging = mem_alloc(1, sizeof *merging);
    if (merging == NULL)
        return error_memory(error, "a block of cells", sizeof *merging);
    merging->merges = merges;
    merging->table = table;
    merging->from = table->columns[index];
    merging->context = context;
    enum status status = merge_cells(merging, &made, error);
    if (made != NULL)
        table_replace(table, index, made);
    mem_free(merging->to);
    mem_free(merging->code);
    mem_free(merging);
    return status;
}

// ---- applying ----

static enum status apply_one(const struct step *step, const struct column_state *state, struct table *table,
                             size_t index, const struct apply_context *context, struct error *error) {
    const struct settings *settings = settings_of(step);
    struct merges merges = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0;
         i < state->word_count && settings->merges[0] == '\0' && !context->predicting && status == STATUS_OK; i++) {
        bool ready = text_starts(state->words[i], "near-equal=merges=");
        status = ledger_column(context, state->name, state->words[i],
                               ready ? "a step that merges them, if that is right" : "near-equal words", error);
    }
    if (settings->merges[0] == '\0' || status != STATUS_OK)
        return status;
    status = read_merges(settings->merges, &merges, error);
    if (status == STATUS_OK)
        status = merge_column(&merges, table, index, context, error);
    merges_free(&merges);
    return status;
}

const struct step_kind step_near_equal = {
    .name = "near-equal",
    .label = "near-equal words",
    .help = "propose categories that are the same word written differently, and merge those that are confirmed",
    .params = &params,
    .state_size = sizeof(struct step_state),
    .reports = LEDGER_CELL,
    .tells = true,
    .fits = step_fits_categories,
    .fit = fit,
    .apply = step_apply_each,
    .apply_one = apply_one,
    .save = state_save,
    .load = state_load,
    .clear = state_clear,
};
