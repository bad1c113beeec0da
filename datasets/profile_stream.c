// Figures of numbers that are too many to be sorted: several passes over the column. Mean, moments, counts, quantiles
// and the median deviation are exact; only the number of different values and the most frequent ones may be about.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

enum {
    DIGIT = 16,            // bits that a pass over the column settles
    DIGITS = 1 << DIGIT,   // values of them
    TARGETS = 6,           // order statistics looked for at once
    KEPT_MOST = 1 << 18,   // values that are sorted rather than counted once more
    TALLY_SLOTS = 1 << 20, // for different values: half as many exactly, 16 MiB
    CANDIDATES = 64,       // most frequent ones counted again
    CANDIDATE_SLOTS = 256,
};

// ---- order statistics -----------------------------------------------------------------------------------

struct selection { // the rank[t]-th smallest value (from 0) of each target
    double center; // NaN: of the values themselves; else of how far they are from here
    size_t targets, rank[TARGETS];
    int bits;                 // settled of the keys
    uint64_t prefix[TARGETS]; // those bits
    uint64_t within[TARGETS]; // how many values have them
    size_t groups, group[TARGETS];
    uint64_t group_prefix[TARGETS];
    uint64_t *counts; // [groups][DIGITS]
    double *kept;
    size_t kept_count;
    struct task *task;
};

static uint64_t key_of(const struct selection *selection, double value) {
    return sort_key(isnan(selection->center) ? value + 0.0 : fabs(value - selection->center));
}

static size_t group_of(const struct selection *selection, uint64_t key) { // `groups`: none
    uint64_t prefix = selection->bits == 0 ? 0 : key >> (64 - selection->bits);
    size_t group = 0;
    while (group < selection->groups && selection->group_prefix[group] != prefix)
        group++;
    return group;
}

static enum status count_digits(void *context, const struct column_cells *cells, struct error *error) {
    struct selection *selection = context;
    int shift = 64 - DIGIT - selection->bits;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells_missing(cells, i) || isnan(cells->values[i]))
            continue;
        uint64_t key = key_of(selection, cells->values[i]);
        size_t group = group_of(selection, key);
        if (group < selection->groups)
            selection->counts[group * DIGITS + (key >> shift & (DIGITS - 1))]++;
    }
    return task_step(selection->task, 0, error);
}

static enum status keep_values(void *context, const struct column_cells *cells, struct error *error) {
    struct selection *selection = context;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells_missing(cells, i) || isnan(cells->values[i]))
            continue;
        uint64_t key = key_of(selection, cells->values[i]);
        if (group_of(selection, key) < selection->groups && selection->kept_count < KEPT_MOST)
            selection->kept[selection->kept_count++] = sort_value(key);
    }
    return task_step(selection->task, 0, error);
}

static void make_groups(struct selection *selection) {
    selection->groups = 0;
    for (size_t t = 0; t < selection->targets; t++) {
        size_t group = 0;
        while (group < selection->groups && selection->group_prefix[group] != selection->prefix[t])
            group++;
        if (group == selection->groups)
            selection->group_prefix[selection->groups++] = selection->prefix[t];
        selection->group[t] = group;
    }
}

static enum status settle_digit(struct selection *selection, const struct column *column, struct error *error) {
    memset(selection->counts, 0, TARGETS * DIGITS * sizeof *selection->counts);
    enum status status = column_each(column, count_digits, selection, error);
    for (size_t t = 0; t < selection->targets && status == STATUS_OK; t++) {
        const uint64_t *counts = selection->counts + selection->group[t] * DIGITS;
        size_t digit = 0;
        while (digit + 1 < DIGITS && selection->rank[t] >= counts[digit])
            selection->rank[t] -= counts[digit++];
        selection->prefix[t] = selection->prefix[t] << DIGIT | digit;
        selection->within[t] = counts[digit];
    }
    selection->bits += DIGIT;
    make_groups(selection);
    return status;
}

static size_t still_open(const struct selection *selection) { // values in all groups
    size_t sum = 0;
    for (size_t t = 0; t < selection->targets; t++)
        if (t == 0 || selection->group[t] != selection->group[t - 1]) // ranks ascend, and so do the groups
            sum += selection->within[t];
    return sum;
}

static enum status sort_kept(struct selection *selection, const struct column *column, double *found,
                             struct error *error) {
    selection->kept = mem_alloc(KEPT_MOST, 2 * sizeof *selection->kept);
    if (selection->kept == NULL)
        return error_memory(error, "quantiles", KEPT_MOST * 2 * sizeof *selection->kept);
    enum status status = column_each(column, keep_values, selection, error);
    size_t count = selection->kept_count, before = 0;
    if (status == STATUS_OK)
        status = sort_values(selection->kept, selection->kept + KEPT_MOST, count, selection->task, error);
    for (size_t t = 0; t < selection->targets && status == STATUS_OK; t++) {
        if (t > 0 && selection->group[t] != selection->group[t - 1])
            before += selection->within[t - 1];
        found[t] = before + selection->rank[t] < count ? selection->kept[before + selection->rank[t]] : (double)NAN;
    }
    mem_free(selection->kept);
    return status;
}

// `ranks` ascend.
static enum status select_ranks(const struct column *column, double center, const size_t *ranks, size_t targets,
                                double *found, struct task *task, struct error *error) {
    struct selection selection = {.center = center, .targets = targets, .task = task};
    memcpy(selection.rank, ranks, targets * sizeof *ranks);
    selection.counts = mem_alloc(TARGETS * DIGITS, sizeof *selection.counts);
    if (selection.counts == NULL)
        return error_memory(error, "quantiles", TARGETS * DIGITS * sizeof *selection.counts);
    make_groups(&selection);
    enum status status = STATUS_OK;
    do {
        status = settle_digit(&selection, column, error);
    } while (status == STATUS_OK && selection.bits < 64 && still_open(&selection) > KEPT_MOST);
    if (status == STATUS_OK && selection.bits < 64)
        status = sort_kept(&selection, column, found, error);
    else
        for (size_t t = 0; t < targets; t++)
            found[t] = sort_value(selection.prefix[t]);
    mem_free(selection.counts);
    return status;
}

static enum status quantiles(const struct column *column, size_t count, struct column_profile *out, struct task *task,
                             struct error *error) {
    static const double shares[3] = {0.25, 0.5, 0.75};
    double found[6], part[3], *to[3] = {&out->q25, &out->median, &out->q75};
    size_t ranks[6];
    for (size_t i = 0; i < 3; i++) {
        double position = (double)(count - 1) * shares[i];
        ranks[2 * i] = (size_t)position;
        ranks[2 * i + 1] = ranks[2 * i] + 1 < count ? ranks[2 * i] + 1 : ranks[2 * i];
        part[i] = position - (double)ranks[2 * i];
    }
    // In ascending order: neighbors may overlap in short columns.
    size_t order[6] = {0, 1, 2, 3, 4, 5}, sorted[6];
    for (size_t i = 1; i < 6; i++)
        for (size_t j = i; j > 0 && ranks[order[j]] < ranks[order[j - 1]]; j--) {
            size_t swap = order[j];
            order[j] = order[j - 1];
            order[j - 1] = swap;
        }
    for (size_t i = 0; i < 6; i++)
        sorted[i] = ranks[order[i]];
    double in_order[6];
    enum status status = select_ranks(column, (double)NAN, sorted, 6, in_order, task, error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < 6; i++)
        found[order[i]] = in_order[i];
    for (size_t i = 0; i < 3; i++)
        *to[i] = between(found[2 * i], found[2 * i + 1], part[i]);
    if (!isfinite(out->median))
        return STATUS_OK;
    size_t middle[2] = {(count - 1) / 2, count / 2};
    status = select_ranks(column, out->median, middle, 2, found, task, error);
    if (status == STATUS_OK)
        out->mad = between(found[0], found[1], 0.5);
    return status;
}

// ---- the passes -------------------------------------------------------------------------------------------

struct stream {
    struct column_profile *out;
    struct column_edges *edges;
    bool numeric, up, down;
    bool repeats; // a value equals the one before it
    size_t count;
    double last, low, high; // finite ends
    double mean;
    double *block; // [COLUMN_BLOCK] values of one block
    struct tally tally;
    struct moments moments;
    struct tally_entry candidates[CANDIDATES];
    uint64_t slots[CANDIDATE_SLOTS]; // candidate + 1
    size_t candidate_count;
    struct task *task;
};

static size_t values_of(struct stream *stream, const struct column_cells *cells) {
    size_t count = 0;
    for (size_t i = 0; i < cells->count; i++) {
        stream->block[count] = cells->values[i] + 0.0;
        count += !cells_missing(cells, i) && !isnan(cells->values[i]);
    }
    return count;
}

static void see_edges(struct column_edges *edges, double value) {
    if (value > 0 && !(edges->above_zero <= value))
        edges->above_zero = value;
    if (value == edges->first) {
        edges->first_count++;
    } else if (!(value > edges->first)) { // also the first one
        edges->second = edges->first;
        edges->first = value;
        edges->first_count = 1;
    } else if (!(value >= edges->second)) {
        edges->second = value;
    }
    if (value == edges->last) {
        edges->last_count++;
    } else if (!(value < edges->last)) {
        edges->before_last = edges->last;
        edges->last = value;
        edges->last_count = 1;
    } else if (!(value <= edges->before_last)) {
        edges->before_last = value;
    }
}

static enum status first_pass(void *context, const struct column_cells *cells, struct error *error) {
    struct stream *stream = context;
    size_t count = values_of(stream, cells);
    enum status status = task_step(stream->task, 0, error);
    if (stream->count == 0 && count > 0)
        stream->last = stream->block[0];
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        double value = stream->block[i];
        stream->up = stream->up && value >= stream->last;
        stream->down = stream->down && value <= stream->last;
        stream->repeats = stream->repeats || (value == stream->last && stream->count + i > 0);
        stream->last = value;
        see_edges(stream->edges, value);
        if (isinf(value)) {
            stream->out->infinite += stream->numeric;
        } else {
            stream->low = value < stream->low ? value : stream->low;
            stream->high = value > stream->high ? value : stream->high;
        }
        stream->out->zeros += stream->numeric && value == 0;
        stream->out->negatives += stream->numeric && value < 0;
        status = tally_add(&stream->tally, value, error);
    }
    stream->mean = mean_merge(stream->mean, (double)stream->count, block_mean(stream->block, count), (double)count);
    stream->count += count;
    return status;
}

static size_t candidate_slot(const struct stream *stream, uint64_t key) {
    size_t at = (key * 0x9e3779b97f4a7c15u) >> 56;
    while (stream->slots[at] != 0 && stream->candidates[stream->slots[at] - 1].key != key)
        at = (at + 1) % CANDIDATE_SLOTS;
    return at;
}

static void find_candidates(struct stream *stream) {
    stream->candidate_count = tally_best(&stream->tally, stream->candidates, CANDIDATES);
    for (size_t i = 0; i < stream->candidate_count; i++) {
        if (stream->tally.lost > 0)
            stream->candidates[i].count = 0; // counted again
        stream->slots[candidate_slot(stream, stream->candidates[i].key)] = i + 1;
    }
}

static enum status second_pass(void *context, const struct column_cells *cells, struct error *error) {
    struct stream *stream = context;
    size_t count = values_of(stream, cells);
    if (stream->out->infinite == 0)
        moments_sum(&stream->moments, stream->block, count);
    histogram_add(&stream->out->histogram, cells);
    for (size_t i = 0; i < count; i++) {
        double value = stream->block[i];
        stream->out->outliers +=
            stream->numeric && (value < stream->edges->fences[0] || value > stream->edges->fences[1]);
        if (stream->tally.lost == 0)
            continue;
        size_t slot = candidate_slot(stream, sort_key(value));
        if (stream->slots[slot] != 0)
            stream->candidates[stream->slots[slot] - 1].count++;
    }
    return task_step(stream->task, 0, error);
}

static enum status name_top(struct stream *stream, struct error *error) {
    struct column_profile *out = stream->out;
    struct tally_entry best[CANDIDATES];
    size_t found = 0;
    for (size_t i = 0; i < stream->candidate_count; i++) { // most first, ties by value
        struct tally_entry entry = stream->candidates[i];
        size_t at = found++;
        for (; at > 0 && (best[at - 1].count < entry.count ||
                          (best[at - 1].count == entry.count && best[at - 1].key > entry.key));
             at--)
            best[at] = best[at - 1];
        best[at] = entry;
    }
    out->top_count = found < PROFILE_TOP ? found : PROFILE_TOP;
    enum status status = STATUS_OK;
    for (size_t i = 0, wanted = out->top_count; i < wanted && status == STATUS_OK; i++) {
        out->top[i].count = best[i].count;
        status = top_name(out, i, sort_value(best[i].key), error);
    }
    uint64_t least = out->top_count > 0 ? best[out->top_count - 1].count : 0;
    out->top_about = stream->tally.lost > 0 && least <= stream->tally.lost;
    out->distinct = tally_distinct(&stream->tally);
    out->distinct_about = stream->tally.lost > 0;
    if (out->distinct > stream->count)
        out->distinct = stream->count;
    if (!stream->repeats && (stream->up || stream->down)) { // every value differs from the one before it
        out->distinct = stream->count;
        out->distinct_about = false;
    }
    return status;
}

static enum status run(struct stream *stream, const struct column *column, struct error *error) {
    struct column_profile *out = stream->out;
    enum status status = column_each(column, first_pass, stream, error);
    bool finite = stream->low <= stream->high;
    if (status != STATUS_OK)
        return status;
    if (stream->count > 0) {
        out->min = stream->edges->first;
        out->max = stream->edges->last;
        status = quantiles(column, stream->count, out, stream->task, error);
        quantile_figures(out, stream->edges);
    }
    find_candidates(stream);
    histogram_begin(&out->histogram, finite ? stream->low : 0, finite ? stream->high : 1);
    stream->moments.mean = stream->mean;
    if (status == STATUS_OK)
        status = column_each(column, second_pass, stream, error);
    if (out->infinite > 0)
        out->mean = out->min + out->max;
    else
        moments_figures(&stream->moments, out);
    out->monotone = stream->count >= 2 && stream->up != stream->down;
    if (status == STATUS_OK)
        status = name_top(stream, error);
    number_flags(column, stream->count, out);
    return status;
}

enum status number_figures_stream(const struct column *column, struct column_profile *out, struct column_edges *edges,
                                  struct task *task, struct error *error) {
    struct stream *stream = mem_alloc(1, sizeof *stream);
    if (stream == NULL)
        return error_memory(error, "figures of a column", sizeof *stream);
    *stream = (struct stream){.out = out,
                              .edges = edges,
                              .numeric = column->type == COLUMN_NUMERIC,
                              .up = true,
                              .down = true,
                              .low = (double)INFINITY,
                              .high = -(double)INFINITY,
                              .task = task};
    stream->block = mem_alloc(COLUMN_BLOCK, sizeof *stream->block);
    size_t slots = 64;
    while (slots < TALLY_SLOTS && slots < 4 * column->rows)
        slots *= 2;
    enum status status = stream->block == NULL
                             ? error_memory(error, "a block of cells", COLUMN_BLOCK * sizeof *stream->block)
                             : tally_make(&stream->tally, slots, error);
    if (status == STATUS_OK)
        status = run(stream, column, error);
    tally_free(&stream->tally);
    mem_free(stream->block);
    mem_free(stream);
    return status;
}
