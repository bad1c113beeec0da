// Groups kept together: parts as near to their shares as whole groups allow, and GroupKFold.
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/split_parts.h"

// ---- subset sums -----------------------------------------------------------------------------------------
// Sums that can be reached are bits; the group that first reached a sum is kept, and before it the sum
// without that group was reachable by earlier ones, so that the choice can be read back. Where there are too
// many groups for that, the first ones are taken as they come until little is left to fill.

#define SUMS_WORDS_MOST ((size_t)50000000) // 64-bit words touched: some hundredths of a second

struct sums {
    uint64_t *reached; // bits 0 … limit
    uint32_t *by;      // [limit + 1]
    size_t limit;
};

static bool has_sum(const struct sums *sums, size_t sum) {
    return (sums->reached[sum / 64] >> (sum % 64) & 1) != 0;
}

static void note_new(struct sums *sums, size_t word, uint64_t fresh, uint32_t group) {
    sums->reached[word] |= fresh;
    for (; fresh != 0; fresh &= fresh - 1) {
        size_t sum = word * 64 + (size_t)__builtin_ctzll(fresh);
        if (sum <= sums->limit)
            sums->by[sum] = group;
    }
}

static void add_group(struct sums *sums, size_t size, uint32_t group) {
    size_t words = sums->limit / 64 + 1, jump = size / 64, bits = size % 64;
    for (size_t word = words; word-- > jump;) { // from the top: a group is taken once
        uint64_t shifted = sums->reached[word - jump] << bits;
        if (bits != 0 && word > jump)
            shifted |= sums->reached[word - jump - 1] >> (64 - bits);
        uint64_t fresh = shifted & ~sums->reached[word];
        if (fresh != 0)
            note_new(sums, word, fresh, group);
    }
}

// The reachable sum nearest to `target` that is at least `least`; SIZE_MAX: none is.
static size_t nearest_sum(const struct sums *sums, size_t target, size_t least) {
    for (size_t distance = 0; distance <= sums->limit; distance++) {
        if (target >= distance && target - distance >= least && has_sum(sums, target - distance))
            return target - distance;
        if (target + distance <= sums->limit && target + distance >= least && has_sum(sums, target + distance))
            return target + distance;
    }
    return SIZE_MAX;
}

// Among open[0 … count-1], numbers of groups.
static enum status fill_rest(const size_t *sizes, const uint32_t *open, size_t count, size_t target, size_t limit,
                             size_t least, uint8_t *chosen, struct error *error) {
    struct sums sums = {.limit = limit};
    sums.reached = mem_alloc(limit / 64 + 1, sizeof *sums.reached);
    sums.by = mem_alloc(limit + 1, sizeof *sums.by);
    if (sums.reached == NULL || sums.by == NULL) {
        mem_free(sums.reached);
        mem_free(sums.by);
        return error_memory(error, "the groups", (limit + 1) * sizeof *sums.by);
    }
    sums.reached[0] = 1;
    for (size_t i = 0; i < count && !has_sum(&sums, target); i++)
        if (sizes[open[i]] <= limit)
            add_group(&sums, sizes[open[i]], open[i]);
    size_t sum = nearest_sum(&sums, target, least);
    while (sum != SIZE_MAX && sum > 0) {
        chosen[sums.by[sum]] = 1;
        sum -= sizes[sums.by[sum]];
    }
    mem_free(sums.reached);
    mem_free(sums.by);
    return STATUS_OK;
}

// Too many left out: the one group that is nearest.
static void choose_one(const size_t *sizes, size_t count, size_t target, uint8_t *chosen) {
    size_t best = 0, least = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t distance = sizes[i] > target ? sizes[i] - target : target - sizes[i];
        if (distance < least || (distance == least && sizes[i] < sizes[best])) {
            best = i;
            least = distance;
        }
    }
    memset(chosen, 0, count);
    chosen[best] = 1;
}

static size_t not_chosen(const uint8_t *chosen, size_t count) {
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        left += chosen[i] == 0;
    return left;
}

enum status split_choose(const size_t *sizes, size_t count, size_t target, size_t left, uint8_t *chosen,
                         struct error *error) {
    uint32_t *open = mem_alloc(count, sizeof *open);
    if (open == NULL)
        return error_memory(error, "the groups", count * sizeof *open);
    size_t rest = target, total = 0, taken = 0, open_count = 0;
    for (size_t i = 0; i < count; i++)
        total += sizes[i];
    for (size_t i = 0; i < count; i++) {
        bool few = (count - i + open_count) * (rest / 64 + 1) <= SUMS_WORDS_MOST / 2;
        chosen[i] = !few && sizes[i] <= rest / 2;
        rest -= chosen[i] ? sizes[i] : 0;
        taken += chosen[i] ? sizes[i] : 0;
        if (!chosen[i])
            open[open_count++] = (uint32_t)i;
    }
    size_t limit = 2 * rest < total - taken - 1 ? 2 * rest : total - taken - 1; // something stays
    enum status status = STATUS_OK;
    if (rest > 0 && limit > 0)
        status = fill_rest(sizes, open, open_count, rest < limit ? rest : limit, limit, taken == 0, chosen, error);
    if (status == STATUS_OK && (not_chosen(chosen, count) < left || not_chosen(chosen, count) == count))
        choose_one(sizes, count, target, chosen);
    mem_free(open);
    return status;
}

// ---- parts and folds -------------------------------------------------------------------------------------

void split_deal_free(struct split_deal *deal) {
    split_groups_free(&deal->groups);
    mem_free(deal->sizes);
    mem_free(deal->order);
    mem_free(deal->part);
}

// Enough groups for every part and fold that is asked for.
static enum status check_count(const struct split_plan *plan, const struct split_deal *deal, struct error *error) {
    size_t parts = (size_t)1 + (plan->sizes[PART_TEST] > 0) + (plan->sizes[PART_VALIDATION] > 0);
    size_t needed = split_has_folds(plan) ? plan->settings->folds + (plan->sizes[PART_TEST] > 0) : parts;
    if (deal->count >= needed)
        return STATUS_OK;
    return error_set(
        error, STATUS_INVALID,
        "column \"%.80s\" has %zu group%s of rows, and groups are not divided: this split needs %zu; choose "
        "another column, fewer folds or parts",
        plan->settings->column, deal->count, deal->count == 1 ? "" : "s", needed);
}

enum status split_deal_make(const struct split_plan *plan, struct split_deal *deal, struct error *error) {
    const struct column *column = plan->table->columns[table_find(plan->table, plan->settings->column)];
    enum status status = split_groups_read(column, &deal->groups, plan->task, error);
    if (status != STATUS_OK)
        return status;
    size_t groups = deal->groups.count;
    deal->sizes = mem_alloc(groups, sizeof *deal->sizes);
    deal->order = mem_alloc(groups, sizeof *deal->order);
    deal->part = mem_alloc(groups, 1);
    if (deal->sizes == NULL || deal->order == NULL || deal->part == NULL)
        return error_memory(error, "the groups", groups * sizeof *deal->sizes);
    for (size_t i = 0; i < plan->pool->count; i++)
        deal->sizes[deal->groups.of[plan->pool->rows[i]]]++;
    for (size_t i = 0; i < groups; i++)
        if (deal->sizes[i] > 0)
            deal->order[deal->count++] = (uint32_t)i;
    struct rng rng = rng_make(plan->settings->seed, RNG_SPLIT, SPLIT_STREAM_GROUPS);
    rng_shuffle(&rng, deal->order, deal->count);
    status = task_step(plan->task, 0, error);
    return status != STATUS_OK ? status : check_count(plan, deal, error);
}

void split_deal_out(const struct split_plan *plan, const struct split_deal *deal) {
    struct split *split = plan->split;
    for (size_t row = 0; row < split->rows; row++)
        split->part[row] = deal->part[deal->groups.of[row]];
    if (deal->groups.missing > 1)
        snprintf(split->note, sizeof split->note,
                 "%zu rows without a value in \"%.80s\" are kept together as one group", deal->groups.missing,
                 plan->settings->column);
}

// Takes groups for one part out of deal->order; at least `left` groups stay.
static enum status take_part(struct split_deal *deal, enum part part, size_t target, size_t left, struct error *error) {
    if (target == 0)
        return STATUS_OK;
    size_t *sizes = mem_alloc(deal->count, sizeof *sizes), kept = 0;
    uint8_t *chosen = mem_alloc(deal->count, 1);
    enum status status =
        sizes == NULL || chosen == NULL ? error_memory(error, "the groups", deal->count * sizeof *sizes) : STATUS_OK;
    for (size_t i = 0; i < deal->count && status == STATUS_OK; i++)
        sizes[i] = deal->sizes[deal->order[i]];
    if (status == STATUS_OK)
        status = split_choose(sizes, deal->count, target, left, chosen, error);
    for (size_t i = 0; i < deal->count && status == STATUS_OK; i++) {
        if (chosen[i])
            deal->part[deal->order[i]] = (uint8_t)part;
        else
            deal->order[kept++] = deal->order[i];
    }
    deal->count = status == STATUS_OK ? kept : deal->count;
    mem_free(sizes);
    mem_free(chosen);
    return status;
}

// deal->order sorted by size, the largest first, as it was where sizes are equal.
static enum status sort_by_size(struct split_deal *deal, struct error *error) {
    size_t most = 0;
    for (size_t i = 0; i < deal->count; i++)
        most = deal->sizes[deal->order[i]] > most ? deal->sizes[deal->order[i]] : most;
    size_t *starts = mem_alloc(most + 2, sizeof *starts);
    uint32_t *sorted = mem_alloc(deal->count, sizeof *sorted);
    if (starts == NULL || sorted == NULL) {
        mem_free(starts);
        mem_free(sorted);
        return error_memory(error, "the groups", (most + 2) * sizeof *starts);
    }
    for (size_t i = 0; i < deal->count; i++)
        starts[most - deal->sizes[deal->order[i]] + 1]++;
    for (size_t i = 1; i <= most; i++)
        starts[i] += starts[i - 1];
    for (size_t i = 0; i < deal->count; i++)
        sorted[starts[most - deal->sizes[deal->order[i]]]++] = deal->order[i];
    mem_free(starts);
    mem_free(deal->order);
    deal->order = sorted;
    return STATUS_OK;
}

// GroupKFold: the largest group goes into the lightest fold (the first of those).
static enum status deal_folds(const struct split_plan *plan, struct split_deal *deal, struct error *error) {
    size_t folds = plan->settings->folds;
    size_t *loads = mem_alloc(folds, sizeof *loads);
    enum status status =
        loads == NULL ? error_memory(error, "the folds", folds * sizeof *loads) : sort_by_size(deal, error);
    for (size_t i = 0; i < deal->count && status == STATUS_OK; i++) {
        size_t lightest = 0;
        for (size_t fold = 1; fold < folds; fold++)
            lightest = loads[fold] < loads[lightest] ? fold : lightest;
        loads[lightest] += deal->sizes[deal->order[i]];
        if (lightest + 1 == plan->settings->fold)
            deal->part[deal->order[i]] = PART_VALIDATION;
    }
    mem_free(loads);
    return status;
}

static enum status share_out(struct split_plan *plan, struct split_deal *deal, struct error *error) {
    bool folds = split_has_folds(plan);
    size_t still = folds ? plan->settings->folds : (size_t)1 + (plan->sizes[PART_VALIDATION] > 0);
    enum status status = take_part(deal, PART_TEST, plan->sizes[PART_TEST], still, error);
    if (status == STATUS_OK)
        status = folds ? deal_folds(plan, deal, error)
                       : take_part(deal, PART_VALIDATION, plan->sizes[PART_VALIDATION], 1, error);
    return status;
}

enum status split_group(struct split_plan *plan, struct error *error) {
    struct split_deal deal = {0};
    enum status status = split_deal_make(plan, &deal, error);
    if (status == STATUS_OK)
        status = share_out(plan, &deal, error);
    if (status == STATUS_OK)
        split_deal_out(plan, &deal);
    split_deal_free(&deal);
    return status;
}
