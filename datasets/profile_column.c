// Figures of one column; those of numbers that can be sorted in memory.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

// ---- histogram ------------------------------------------------------------------------------------

static double edge_of(const struct histogram *histogram, size_t bin) {
    return histogram->low + (double)bin * (histogram->high / HISTOGRAM_BINS - histogram->low / HISTOGRAM_BINS);
}

// The bin of a value, put right where rounding chose the neighbor.
static size_t bin_of(const struct histogram *histogram, double value) {
    double width = histogram->high / HISTOGRAM_BINS - histogram->low / HISTOGRAM_BINS;
    double at = (value - histogram->low) / width;
    size_t bin = at >= HISTOGRAM_BINS - 1 ? HISTOGRAM_BINS - 1 : (size_t)at;
    if (bin > 0 && value < edge_of(histogram, bin))
        bin--;
    else if (bin + 1 < HISTOGRAM_BINS && value >= edge_of(histogram, bin + 1))
        bin++;
    return bin;
}

void histogram_begin(struct histogram *histogram, double low, double high) {
    bool widen = !(low < high);
    *histogram = (struct histogram){.low = widen ? low - 0.5 : low, .high = widen ? high + 0.5 : high};
}

void histogram_add(struct histogram *histogram, const struct column_cells *cells) {
    for (size_t i = 0; i < cells->count; i++) {
        double value = cells->values[i];
        if (cells_missing(cells, i) || !(value >= histogram->low && value <= histogram->high))
            continue;
        uint64_t *bin = &histogram->bins[bin_of(histogram, value)];
        (*bin)++;
        if (*bin > histogram->most)
            histogram->most = *bin;
    }
}

// ---- moments --------------------------------------------------------------------------------------

// Central sums about a mean that need not be exact, moved to the true one, so that a large offset costs no digits.
void moments_figures(const struct moments *from, struct column_profile *out) {
    double n = from->count, off = n > 0 ? from->s1 / n : 0, m2 = from->s2 - n * off * off;
    double m3 = from->s3 - 3 * off * from->s2 + 2 * n * off * off * off;
    double m4 = from->s4 - 4 * off * from->s3 + 6 * off * off * from->s2 - 3 * n * off * off * off * off;
    if (n >= 1)
        out->mean = from->mean + off;
    if (n >= 2)
        out->sd = m2 <= 0 ? 0 : sqrt(m2 / (n - 1));
    if (n >= 3)
        out->skew = m2 <= 0 ? 0 : n * sqrt(n - 1) / (n - 2) * (m3 / pow(m2, 1.5));
    if (n >= 4)
        out->kurtosis = m2 <= 0 ? 0 : (n - 1) / ((n - 2) * (n - 3)) * (n * (n + 1) * m4 / (m2 * m2) - 3 * (n - 1));
}

double mean_merge(double mean, double count, double other, double others) { // Chan
    return others <= 0 ? mean : mean + (other - mean) * (others / (count + others));
}

double block_mean(const double *values, size_t count) {
    enum { LANES = 8 };
    double sums[LANES] = {0}, pivot = count > 0 ? values[0] : 0, sum = 0;
    size_t whole = count - count % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] += values[i + lane] - pivot;
    for (size_t i = whole; i < count; i++)
        sums[i - whole] += values[i] - pivot;
    for (size_t lane = 0; lane < LANES; lane++)
        sum += sums[lane];
    return count > 0 ? pivot + sum / (double)count : 0;
}

void moments_sum(struct moments *moments, const double *values, size_t count) {
    enum { LANES = 4 };
    double s1[LANES] = {0}, s2[LANES] = {0}, s3[LANES] = {0}, s4[LANES] = {0}, mean = moments->mean;
    for (size_t i = 0; i < count; i += LANES) {
        size_t here = count - i < LANES ? count - i : LANES;
        for (size_t lane = 0; lane < here; lane++) {
            double delta = values[i + lane] - mean, square = delta * delta;
            s1[lane] += delta;
            s2[lane] += square;
            s3[lane] += square * delta;
            s4[lane] += square * square;
        }
    }
    moments->count += (double)count;
    for (size_t lane = 0; lane < LANES; lane++) {
        moments->s1 += s1[lane];
        moments->s2 += s2[lane];
        moments->s3 += s3[lane];
        moments->s4 += s4[lane];
    }
}

static void sorted_moments(const double *values, size_t count, struct column_profile *out) {
    enum { BLOCK = 4096 };
    struct moments moments = {0};
    for (size_t i = 0; i < count; i += BLOCK) {
        size_t here = count - i < BLOCK ? count - i : BLOCK;
        moments.mean = mean_merge(moments.mean, (double)i, block_mean(values + i, here), (double)here);
    }
    for (size_t i = 0; i < count; i += BLOCK)
        moments_sum(&moments, values + i, count - i < BLOCK ? count - i : BLOCK);
    moments_figures(&moments, out);
}

// ---- gathering and sorting ------------------------------------------------------------------------

enum order { ORDER_NONE, ORDER_UP, ORDER_DOWN }; // also where all are equal: up

struct gathered {
    double *values, *scratch; // [rows]
    struct sort_item *items;  // [2 · rows] where ranks are asked for and no shorter way leads there
    size_t count;
    bool up, down; // never falls, never rises
    double last;
    struct column_profile *out;
    bool numeric;
};

static enum status gather(void *context, const struct column_cells *cells, struct error *error) {
    struct gathered *to = context;
    double *values = to->values + to->count, last = to->last;
    size_t count = 0, zeros = 0, negatives = 0, infinite = 0, falls = 0, rises = 0;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        values[count] = cells->values[i] + 0.0; // -0 becomes 0
        count += !cells_missing(cells, i) && !isnan(cells->values[i]);
    }
    if (to->count == 0 && count > 0)
        last = values[0];
    for (size_t i = 0; i < count; i++) {
        double value = values[i];
        zeros += value == 0;
        negatives += value < 0;
        infinite += isinf(value) != 0;
        falls += value < last;
        rises += value > last;
        last = value;
    }
    to->up = to->up && falls == 0;
    to->down = to->down && rises == 0;
    to->last = last;
    to->count += count;
    if (to->numeric) {
        to->out->zeros += zeros;
        to->out->negatives += negatives;
        to->out->infinite += infinite;
    }
    return STATUS_OK;
}

// Whole numbers that lie close together are counted, not sorted. 0: they are not such.
static size_t narrow_range(const struct column *column, const struct gathered *from, double *low) {
    enum { MOST = 1 << 20 };
    double least = from->values[0], most = from->values[0];
    if (!column->integer || from->count == 0)
        return 0;
    for (size_t i = 1; i < from->count; i++) {
        least = from->values[i] < least ? from->values[i] : least;
        most = from->values[i] > most ? from->values[i] : most;
    }
    *low = least;
    double range = most - least + 1;
    return range <= MOST && range <= 4 * (double)from->count + 64 ? (size_t)range : 0;
}

struct rank_pass {
    uint32_t *ranks;
    const uint32_t *of_value; // by value - low
    double low;
    const double *sorted; // [count] finite values, ascending
    size_t count, at;     // the value to come
    size_t begin, end;    // the run of equal ones that it is in, in the order of the column
    bool down;
};

static enum status rank_counted(void *context, const struct column_cells *cells, struct error *error) {
    struct rank_pass *pass = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        if (!cells_missing(cells, i) && !isnan(cells->values[i]))
            pass->ranks[cells->first + i] = pass->of_value[(size_t)(cells->values[i] - pass->low)];
    return STATUS_OK;
}

static enum status count_sort(const struct column *column, struct gathered *from, size_t range, double low,
                              uint32_t *ranks, struct error *error) {
    uint32_t *counts = mem_alloc(range, 2 * sizeof *counts), *of_value = counts + range;
    if (counts == NULL)
        return error_memory(error, "counting values", range * 2 * sizeof *counts);
    for (size_t i = 0; i < from->count; i++)
        counts[(size_t)(from->values[i] - low)]++;
    for (size_t value = 0, at = 0; value < range; value++) {
        of_value[value] = (uint32_t)(2 * at + counts[value] + 1); // ranks at + 1 … at + count
        for (size_t end = at + counts[value]; at < end; at++)
            from->values[at] = low + (double)value;
    }
    enum status status = STATUS_OK;
    struct rank_pass pass = {.ranks = ranks, .of_value = of_value, .low = low};
    if (ranks != NULL)
        status = column_each(column, rank_counted, &pass, error);
    mem_free(counts);
    return status;
}

static double in_order(const struct rank_pass *pass, size_t at) {
    return pass->sorted[pass->down ? pass->count - 1 - at : at];
}

// The ranks of values that stand in order already.
static enum status rank_ordered(void *context, const struct column_cells *cells, struct error *error) {
    struct rank_pass *pass = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells_missing(cells, i) || !isfinite(cells->values[i]))
            continue;
        if (pass->at == pass->end)
            for (pass->begin = pass->end++; pass->end < pass->count; pass->end++)
                if (in_order(pass, pass->end) != in_order(pass, pass->begin))
                    break;
        size_t twice = pass->begin + 1 + pass->end;
        pass->ranks[cells->first + i] = (uint32_t)(pass->down ? 2 * (pass->count + 1) - twice : twice);
        pass->at++;
    }
    return STATUS_OK;
}

static enum status gather_items(void *context, const struct column_cells *cells, struct error *error) {
    struct gathered *to = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++)
        if (!cells_missing(cells, i) && !isnan(cells->values[i]))
            to->items[to->count++] = (struct sort_item){sort_key(cells->values[i] + 0.0), (uint32_t)(cells->first + i)};
    return STATUS_OK;
}

static void rank_items(const struct sort_item *items, size_t count, uint32_t *ranks) {
    size_t below = 0;
    while (below < count && isinf(sort_value(items[below].key)))
        below++;
    for (size_t i = below, next; i < count && !isinf(sort_value(items[i].key)); i = next) {
        for (next = i + 1; next < count && items[next].key == items[i].key;)
            next++;
        for (size_t j = i; j < next; j++)
            ranks[items[j].row] = (uint32_t)(i - below + 1 + next - below);
    }
}

// Sorted together with their rows.
static enum status sort_ranking(const struct column *column, struct gathered *from, uint32_t *ranks, struct task *task,
                                struct error *error) {
    size_t count = from->count;
    from->items = mem_alloc(2 * count, sizeof *from->items);
    if (from->items == NULL)
        return error_memory(error, "sorting", 2 * count * sizeof *from->items);
    from->count = 0;
    enum status status = column_each(column, gather_items, from, error);
    if (status == STATUS_OK)
        status = sort_items(from->items, from->items + count, count, task, error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        from->values[i] = sort_value(from->items[i].key);
    rank_items(from->items, count, ranks);
    return STATUS_OK;
}

static void reverse(double *values, size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        double swap = values[i];
        values[i] = values[count - 1 - i];
        values[count - 1 - i] = swap;
    }
}

static void finite_part(const double *sorted, size_t count, size_t *first, size_t *end) {
    *first = 0;
    *end = count;
    while (*first < count && isinf(sorted[*first]))
        (*first)++;
    while (*end > *first && isinf(sorted[*end - 1]))
        (*end)--;
}

static enum status sort_gathered(const struct column *column, struct gathered *from, uint32_t *ranks, struct task *task,
                                 struct error *error) {
    double low = 0;
    size_t range = narrow_range(column, from, &low);
    if (from->up || from->down) {
        struct rank_pass pass = {.ranks = ranks, .down = !from->up};
        if (!from->up)
            reverse(from->values, from->count);
        size_t first, end;
        finite_part(from->values, from->count, &first, &end);
        pass.sorted = from->values + first;
        pass.count = end - first;
        return ranks == NULL ? STATUS_OK : column_each(column, rank_ordered, &pass, error);
    }
    if (range > 0)
        return count_sort(column, from, range, low, ranks, error);
    if (ranks != NULL)
        return sort_ranking(column, from, ranks, task, error);
    from->scratch = mem_alloc(from->count, sizeof *from->scratch);
    if (from->scratch == NULL)
        return error_memory(error, "sorting", from->count * sizeof *from->scratch);
    return sort_values(from->values, from->scratch, from->count, task, error);
}

// ---- figures of sorted values -------------------------------------------------------------------------

size_t sorted_below(const double *sorted, size_t count, double value) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t sorted_up_to(const double *sorted, size_t count, double value) { // how many are not above it
    return sorted_below(sorted, count, nextafter(value, (double)INFINITY));
}

static void sorted_edges(const double *sorted, size_t count, struct column_edges *edges) {
    if (count == 0)
        return;
    edges->first = sorted[0];
    edges->last = sorted[count - 1];
    edges->first_count = sorted_up_to(sorted, count, edges->first);
    size_t last = sorted_below(sorted, count, edges->last), zero = sorted_up_to(sorted, count, 0);
    edges->last_count = count - last;
    if (edges->first_count < count)
        edges->second = sorted[edges->first_count];
    if (last > 0)
        edges->before_last = sorted[last - 1];
    if (zero < count)
        edges->above_zero = sorted[zero];
}

void quantile_figures(struct column_profile *out, struct column_edges *edges) {
    double reach = 1.5 * (out->q75 - out->q25);
    edges->fences[0] = out->q25 - reach;
    edges->fences[1] = out->q75 + reach;
}

static void rank_figures(const double *sorted, size_t count, struct column_profile *out, struct column_edges *edges) {
    if (count == 0)
        return;
    out->min = sorted[0];
    out->max = sorted[count - 1];
    out->q25 = sorted_quantile(sorted, count, 0.25);
    out->median = sorted_quantile(sorted, count, 0.5);
    out->q75 = sorted_quantile(sorted, count, 0.75);
    out->mad = sorted_deviation(sorted, count, out->median);
    quantile_figures(out, edges);
    if (out->column->type == COLUMN_NUMERIC && !isnan(edges->fences[0]) && !isnan(edges->fences[1]))
        out->outliers =
            sorted_below(sorted, count, edges->fences[0]) + count - sorted_up_to(sorted, count, edges->fences[1]);
}

static void sorted_histogram(const double *sorted, size_t count, struct histogram *histogram) {
    size_t first, end;
    finite_part(sorted, count, &first, &end);
    histogram_begin(histogram, first < end ? sorted[first] : 0, first < end ? sorted[end - 1] : 1);
    for (size_t bin = 0, at = first; bin < HISTOGRAM_BINS; bin++) {
        size_t next = bin + 1 < HISTOGRAM_BINS ? sorted_below(sorted, end, edge_of(histogram, bin + 1)) : end;
        histogram->bins[bin] = next > at ? next - at : 0;
        at = next > at ? next : at;
        if (histogram->bins[bin] > histogram->most)
            histogram->most = histogram->bins[bin];
    }
}

enum status top_name(struct column_profile *out, size_t index, double value, struct error *error) {
    char text[64];
    out->top[index].word = mem_string(number_cell_text(out->column->type, value, text));
    if (out->top[index].word != NULL)
        return STATUS_OK;
    out->top_count = index;
    return error_memory(error, "the most frequent values", sizeof text);
}

// Runs of equal values, in ascending order: ties keep that order. They are told apart by their place in `sorted`
// until the list is final, and become text only then.
static enum status top_numbers(struct column_profile *out, const double *sorted, size_t count, struct error *error) {
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1; next < count && sorted[next] == sorted[i];)
            next++;
        out->distinct++;
        if (out->top_count < PROFILE_TOP || next - i > out->top[PROFILE_TOP - 1].count)
            top_insert(out, (struct word_count){(const char *)&sorted[i], next - i}, NULL);
    }
    double values[PROFILE_TOP];
    size_t found = out->top_count;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < found; i++)
        memcpy(&values[i], out->top[i].word, sizeof values[i]);
    for (size_t i = 0; i < found && status == STATUS_OK; i++)
        status = top_name(out, i, values[i], error);
    return status;
}

void number_flags(const struct column *column, size_t count, struct column_profile *out) {
    out->constant = out->distinct == 1 && !out->distinct_about;
    bool counts_up = out->monotone || out->max - out->min + 1 == (double)count;
    out->id_like = count == column->rows && count >= 20 && out->distinct == count && column->integer && counts_up;
}

static enum status sorted_figures(const struct column *column, const struct gathered *from, struct column_profile *out,
                                  struct column_edges *edges, struct error *error) {
    const double *sorted = from->values;
    size_t count = from->count;
    if (out->infinite > 0)
        out->mean = sorted[0] + sorted[count - 1]; // infinite, or NaN with both; everything about it is NaN
    else
        sorted_moments(sorted, count, out);
    out->monotone = count >= 2 && from->up != from->down;
    sorted_edges(sorted, count, edges);
    rank_figures(sorted, count, out, edges);
    sorted_histogram(sorted, count, &out->histogram);
    enum status status = top_numbers(out, sorted, count, error);
    number_flags(column, count, out);
    return status;
}

enum status number_figures_memory(const struct column *column, struct column_profile *out, struct column_edges *edges,
                                  uint32_t *ranks, struct task *task, struct error *error) {
    struct gathered from = {.up = true, .down = true, .out = out, .numeric = column->type == COLUMN_NUMERIC};
    from.values = mem_alloc(column->rows + 1, sizeof *from.values);
    if (from.values == NULL)
        return error_memory(error, "figures of a column", column->rows * sizeof *from.values);
    enum status status = column_each(column, gather, &from, error);
    if (status == STATUS_OK)
        status = sort_gathered(column, &from, ranks, task, error);
    mem_free(from.scratch);
    mem_free(from.items);
    if (status == STATUS_OK)
        status = sorted_figures(column, &from, out, edges, error);
    mem_free(from.values);
    return status;
}

// ---- any column ---------------------------------------------------------------------------------------

bool profile_streams(const struct column *column) {
    size_t room = cells_memory();
    return column_has_values(column) && column->rows * 2 * sizeof(double) > room;
}

static void begin(const struct column *column, struct column_profile *out, struct column_edges *edges) {
    double nan = (double)NAN;
    *out = (struct column_profile){.column = column, .rows = column->rows, .missing = column->missing_count};
    out->mean = out->sd = out->min = out->q25 = out->median = out->q75 = out->max = nan;
    out->mad = out->skew = out->kurtosis = nan;
    *edges = (struct column_edges){nan, nan, nan, nan, 0, 0, nan, {nan, nan}};
}

enum status profile_figures(const struct column *column, struct column_profile *out, struct column_edges *edges,
                            uint32_t *ranks, uint64_t **counts, struct task *task, struct error *error) {
    enum status status;
    begin(column, out, edges);
    if (!column_has_values(column))
        status = word_figures(column, out, counts, error);
    else if (ranks == NULL && profile_streams(column))
        status = number_figures_stream(column, out, edges, task, error);
    else
        status = number_figures_memory(column, out, edges, ranks, task, error);
    if (status == STATUS_OK) {
        out->column = column_share((struct column *)(uintptr_t)column);
        return STATUS_OK;
    }
    // The reference is taken only when all went well, so clearing must not give it back.
    for (size_t i = 0; column_has_values(column) && i < out->top_count; i++)
        mem_free((void *)(uintptr_t)out->top[i].word);
    *out = (struct column_profile){0};
    return status;
}

enum status profile_column(const struct column *column, struct column_profile *out, struct error *error) {
    struct column_edges edges;
    return profile_figures(column, out, &edges, NULL, NULL, NULL, error);
}

void column_profile_clear(struct column_profile *profile) {
    if (profile->column == NULL)
        return;
    for (size_t i = 0; column_has_values(profile->column) && i < profile->top_count; i++)
        mem_free((void *)(uintptr_t)profile->top[i].word);
    column_release((struct column *)(uintptr_t)profile->column);
    *profile = (struct column_profile){0};
}
