// Groups kept together and classes spread evenly: the greedy method of scikit-learn's StratifiedGroupKFold,
// also for parts of different sizes. Groups come in the order of falling spread (sd) of their class counts;
// each goes where it leaves the least unevenness: the mean over classes of the sd over bins of what the bin
// has of the class, relative to what is due to it. Groups that are alike come in the order of the seed.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/split_parts.h"

#define COUNTS_MOST ((size_t)1 << 27) // groups × classes

struct bin {
    enum part part;
    double weight;  // its share of the rows that are dealt
    double rows;    // it has now
    double *counts; // [classes]
};

struct spread {
    double sd;
    uint32_t group;
    uint32_t place; // in random order
};

struct leveling {
    const struct split_plan *plan;
    struct split_deal *deal;
    size_t classes, bin_count;
    uint32_t *counts;      // [groups][classes]
    double *totals;        // [classes] of all groups that are dealt
    double *uneven;        // [classes] unevenness now
    double *bin_counts;    // [bins][classes]
    struct bin *bins;      // [folds or 3]
    struct spread *sorted; // [deal->count]
};

static void leveling_free(struct leveling *leveling) {
    mem_free(leveling->counts);
    mem_free(leveling->totals);
    mem_free(leveling->uneven);
    mem_free(leveling->bin_counts);
    mem_free(leveling->bins);
    mem_free(leveling->sorted);
}

static enum status leveling_make(struct leveling *leveling, struct error *error) {
    const struct split_plan *plan = leveling->plan;
    const struct split_pool *pool = plan->pool;
    size_t groups = leveling->deal->groups.count, classes = pool->class_count, cells;
    size_t bins = plan->settings->folds > PART_COUNT ? plan->settings->folds : PART_COUNT;
    leveling->classes = classes;
    if (!size_multiply(groups, classes, &cells) || cells > COUNTS_MOST)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%zu groups of %zu classes are too many to be stratified together; set split to group", groups,
                         classes);
    leveling->counts = mem_alloc(cells, sizeof *leveling->counts);
    leveling->totals = mem_alloc(classes, sizeof *leveling->totals);
    leveling->uneven = mem_alloc(classes, sizeof *leveling->uneven);
    leveling->bin_counts = mem_alloc(bins * classes, sizeof *leveling->bin_counts);
    leveling->bins = mem_alloc(bins, sizeof *leveling->bins);
    leveling->sorted = mem_alloc(leveling->deal->count, sizeof *leveling->sorted);
    if (leveling->counts == NULL || leveling->totals == NULL || leveling->uneven == NULL ||
        leveling->bin_counts == NULL || leveling->bins == NULL || leveling->sorted == NULL)
        return error_memory(error, "the groups", cells * sizeof *leveling->counts);
    for (size_t i = 0; i < bins; i++)
        leveling->bins[i].counts = leveling->bin_counts + i * classes;
    for (size_t i = 0; i < pool->count; i++)
        leveling->counts[leveling->deal->groups.of[pool->rows[i]] * classes + (size_t)pool->classes[i]]++;
    return STATUS_OK;
}

static int compare_spread(const void *a, const void *b) {
    const struct spread *x = a, *y = b;
    if (x->sd != y->sd)
        return x->sd < y->sd ? 1 : -1;
    return (x->place > y->place) - (x->place < y->place);
}

static double spread_of(const uint32_t *counts, size_t classes) {
    double mean = 0, squares = 0;
    for (size_t i = 0; i < classes; i++)
        mean += counts[i];
    mean /= (double)classes;
    for (size_t i = 0; i < classes; i++)
        squares += (counts[i] - mean) * (counts[i] - mean);
    return sqrt(squares / (double)classes);
}

// Unevenness of one class when `count` of its rows are added to bin `to`.
static double unevenness_of_class(const struct leveling *leveling, size_t class, size_t to, uint32_t count) {
    double mean = 0, squares = 0, total = leveling->totals[class], bins = (double)leveling->bin_count;
    if (total == 0)
        return 0;
    for (size_t i = 0; i < leveling->bin_count; i++)
        mean += (leveling->bins[i].counts[class] + (i == to ? count : 0)) / total;
    for (size_t i = 0; i < leveling->bin_count; i++) {
        double due = leveling->bins[i].weight * bins; // 1 where all bins are as large
        double has = (leveling->bins[i].counts[class] + (i == to ? count : 0)) / total;
        double off = has / due - mean / bins;
        squares += due * off * off;
    }
    return sqrt(squares / bins);
}

// Unevenness when `counts` are added to bin `to`. Classes that the group lacks are as they were.
static double unevenness(const struct leveling *leveling, size_t to, const uint32_t *counts) {
    double sum = 0;
    for (size_t class = 0; class < leveling->classes; class ++)
        sum += counts[class] == 0 ? leveling->uneven[class] : unevenness_of_class(leveling, class, to, counts[class]);
    return sum / (double)leveling->classes;
}

static bool about_equal(double a, double b) { // numpy.isclose
    return fabs(a - b) <= 1e-8 + 1e-5 * fabs(b);
}

// `must`: only bins that are still empty.
static size_t best_bin(const struct leveling *leveling, const uint32_t *counts, bool must) {
    size_t best = 0;
    double least = (double)INFINITY, fewest = (double)INFINITY;
    for (size_t i = 0; i < leveling->bin_count; i++) {
        double rows = leveling->bins[i].rows / leveling->bins[i].weight;
        if (must && rows > 0)
            continue;
        double uneven = unevenness(leveling, i, counts);
        if (!(uneven < least || (about_equal(uneven, least) && rows < fewest)))
            continue;
        least = uneven;
        fewest = rows;
        best = i;
    }
    return best;
}

static size_t empty_bins(const struct leveling *leveling) {
    size_t empty = 0;
    for (size_t i = 0; i < leveling->bin_count; i++)
        empty += leveling->bins[i].rows == 0;
    return empty;
}

static void begin(struct leveling *leveling) {
    const struct split_deal *deal = leveling->deal;
    memset(leveling->uneven, 0, leveling->classes * sizeof *leveling->uneven);
    memset(leveling->totals, 0, leveling->classes * sizeof *leveling->totals);
    memset(leveling->bin_counts, 0, leveling->bin_count * leveling->classes * sizeof *leveling->bin_counts);
    for (size_t i = 0; i < deal->count; i++) {
        const uint32_t *counts = leveling->counts + deal->order[i] * leveling->classes;
        for (size_t class = 0; class < leveling->classes; class ++)
            leveling->totals[class] += counts[class];
        leveling->sorted[i] = (struct spread){spread_of(counts, leveling->classes), deal->order[i], (uint32_t)i};
    }
    qsort(leveling->sorted, deal->count, sizeof *leveling->sorted, compare_spread);
}

// Deals deal->order to the bins; those that train stay in deal->order.
static enum status level(struct leveling *leveling, struct error *error) {
    struct split_deal *deal = leveling->deal;
    size_t count = deal->count, kept = 0;
    enum status status = STATUS_OK;
    begin(leveling);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        uint32_t group = leveling->sorted[i].group;
        const uint32_t *counts = leveling->counts + group * leveling->classes;
        size_t best = best_bin(leveling, counts, count - i <= empty_bins(leveling));
        struct bin *bin = &leveling->bins[best];
        for (size_t class = 0; class < leveling->classes; class ++) {
            if (counts[class] > 0)
                leveling->uneven[class] = unevenness_of_class(leveling, class, best, counts[class]);
            bin->counts[class] += counts[class];
        }
        bin->rows += (double)deal->sizes[group];
        deal->part[group] = (uint8_t)bin->part;
        if (bin->part == PART_TRAIN)
            deal->order[kept++] = group; // not read again below: `sorted` has all
        if (i % 1024 == 0)
            status = task_step(leveling->plan->task, 0, error);
    }
    deal->count = kept;
    return status;
}

static void add_bin(struct leveling *leveling, enum part part, double weight) {
    struct bin *bin = &leveling->bins[leveling->bin_count++];
    bin->part = part;
    bin->weight = weight;
    bin->rows = 0;
}

static enum status level_parts(struct leveling *leveling, struct error *error) {
    const struct split_plan *plan = leveling->plan;
    double rows = (double)plan->pool->count;
    leveling->bin_count = 0;
    add_bin(leveling, PART_TRAIN, (double)plan->sizes[PART_TRAIN] / rows);
    if (plan->sizes[PART_VALIDATION] > 0)
        add_bin(leveling, PART_VALIDATION, (double)plan->sizes[PART_VALIDATION] / rows);
    if (plan->sizes[PART_TEST] > 0)
        add_bin(leveling, PART_TEST, (double)plan->sizes[PART_TEST] / rows);
    return leveling->bin_count > 1 ? level(leveling, error) : STATUS_OK;
}

static enum status level_folds(struct leveling *leveling, struct error *error) {
    const struct split_settings *settings = leveling->plan->settings;
    if (leveling->deal->count < settings->folds)
        return error_set(
            error, STATUS_INVALID,
            "the test part leaves %zu groups of \"%.80s\" for %zu folds; choose fewer folds, or a smaller test "
            "share",
            leveling->deal->count, settings->column, settings->folds);
    leveling->bin_count = 0;
    for (size_t fold = 1; fold <= settings->folds; fold++)
        add_bin(leveling, fold == settings->fold ? PART_VALIDATION : PART_TRAIN, 1 / (double)settings->folds);
    return level(leveling, error);
}

enum status split_stratified_group(struct split_plan *plan, struct error *error) {
    struct split_deal deal = {0};
    struct leveling leveling = {.plan = plan, .deal = &deal};
    enum status status = split_deal_make(plan, &deal, error);
    if (status == STATUS_OK)
        status = leveling_make(&leveling, error);
    if (status == STATUS_OK)
        status = level_parts(&leveling, error);
    if (status == STATUS_OK && split_has_folds(plan))
        status = level_folds(&leveling, error);
    if (status == STATUS_OK)
        split_deal_out(plan, &deal);
    leveling_free(&leveling);
    split_deal_free(&deal);
    return status;
}
