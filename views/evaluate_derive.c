// What the Evaluate view works out once from a measurement: the most frequent confusions, lists of rows, the points of
// charts of predicted numbers.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "views/evaluate_parts.h"

#define PLACES 1024 // a chart of points tells so many apart on each axis

void evaluate_forget(struct evaluate_state *state) {
    mem_free(state->cell.rows);
    mem_free(state->worst.rows);
    mem_free(state->points.truth);
    mem_free(state->points.predicted);
    state->cell = state->worst = (struct evaluate_list){0};
    memset(&state->points, 0, sizeof state->points);
}

// ---- confusions -------------------------------------------------------------------------------------------------

static void keep_confusion(struct evaluate_state *state, struct confusion found) {
    size_t at = state->confusion_count;
    if (at == EVALUATE_CONFUSIONS_MOST && state->confusions[at - 1].count >= found.count)
        return;
    at = at == EVALUATE_CONFUSIONS_MOST ? at - 1 : at;
    for (; at > 0 && state->confusions[at - 1].count < found.count; at--)
        state->confusions[at] = state->confusions[at - 1];
    state->confusions[at] = found;
    state->confusion_count += state->confusion_count < EVALUATE_CONFUSIONS_MOST;
}

static void find_confusions(struct evaluate_state *state, const struct measurement *made) {
    const uint64_t *counts = made->figures.classes.confusion;
    state->confusion_count = 0;
    for (size_t truth = 0; truth < made->classes; truth++)
        for (size_t taken = 0; taken < made->classes; taken++)
            if (truth != taken && counts[truth * made->classes + taken] > 0)
                keep_confusion(state, (struct confusion){truth, taken, counts[truth * made->classes + taken]});
}

// ---- lists ----------------------------------------------------------------------------------------------------------

void evaluate_list_cell(struct evaluate_state *state, const struct measurement *made, size_t truth, size_t taken) {
    const struct run_evaluation *figures = &made->figures;
    struct evaluate_list *list = &state->cell;
    char count[TEXT_NUMBER_SIZE];
    list->count = 0;
    state->out_of_memory = !vec_reserve(&list->rows, &list->capacity, figures->each_count + 1, sizeof *list->rows);
    for (size_t i = 0; i < figures->each_count && !state->out_of_memory; i++) {
        const struct evaluated_row *row = &figures->each[made->order[i]];
        if ((size_t)row->label == truth && (taken == SIZE_MAX || (size_t)row->taken == taken))
            list->rows[list->count++] = made->order[i];
    }
    text_integer((int64_t)list->count, NUMBER_SCREEN, count);
    if (taken == SIZE_MAX)
        snprintf(state->cell_title, sizeof state->cell_title, "%s of %.80s", count, evaluate_class(made, truth));
    else
        snprintf(state->cell_title, sizeof state->cell_title, "%s of %.80s taken for %.80s", count,
                 evaluate_class(made, truth), evaluate_class(made, taken));
    if (list->table.row >= (int64_t)list->count)
        list->table.row = list->count > 0 ? (int64_t)list->count - 1 : 0;
    state->listing = true;
    state->listed_truth = truth;
    state->listed_taken = taken;
}

// ---- points ---------------------------------------------------------------------------------------------------------

struct extent {
    double low, high;
};

static size_t place_of(double value, struct extent extent) {
    double share = extent.high > extent.low ? (value - extent.low) / (extent.high - extent.low) : 0;
    return (size_t)(share * (PLACES - 1));
}

static struct extent extent_of(const struct run_evaluation *figures, bool truth) {
    struct extent extent = {INFINITY, -INFINITY};
    for (size_t i = 0; i < figures->each_count; i++) {
        double value = truth ? figures->each[i].truth : figures->each[i].predicted;
        extent.low = fmin(extent.low, value);
        extent.high = fmax(extent.high, value);
    }
    return extent;
}

// Of rows that fall on the same place of both axes one is enough.
static void take_points(struct evaluate_state *state, const struct run_evaluation *figures, uint8_t *taken) {
    struct extent across = extent_of(figures, true), up = extent_of(figures, false);
    for (size_t i = 0; i < figures->each_count; i++) {
        const struct evaluated_row *row = &figures->each[i];
        size_t place = place_of(row->truth, across) * PLACES + place_of(row->predicted, up);
        if (taken[place / 8] & 1u << place % 8)
            continue;
        taken[place / 8] = (uint8_t)(taken[place / 8] | 1u << place % 8);
        state->points.truth[state->points.count] = row->truth;
        state->points.predicted[state->points.count++] = row->predicted;
    }
}

static void measure_residuals(struct evaluate_state *state, const struct run_evaluation *figures) {
    double bias = figures->of_numbers.bias, rmse = figures->of_numbers.rmse;
    state->points.sd = sqrt(fmax(0, rmse * rmse - bias * bias));
    for (size_t i = 0; i < figures->each_count; i++)
        state->points.reach = fmax(state->points.reach, fabs(figures->each[i].predicted - figures->each[i].truth));
    if (!(state->points.reach > 0))
        state->points.reach = 1;
    for (size_t i = 0; i < figures->each_count; i++) {
        double share = ((figures->each[i].predicted - figures->each[i].truth) / state->points.reach + 1) / 2;
        int bin = (int)(share * EVALUATE_BINS);
        state->points.bins[bin < EVALUATE_BINS ? bin : EVALUATE_BINS - 1]++;
    }
}

static void make_points(struct evaluate_state *state, const struct run_evaluation *figures) {
    size_t most = figures->each_count < PLACES * PLACES ? figures->each_count : PLACES * PLACES;
    uint8_t *taken = mem_alloc(PLACES * PLACES / 8, 1);
    state->points.truth = mem_alloc(most + 1, sizeof *state->points.truth);
    state->points.predicted = mem_alloc(most + 1, sizeof *state->points.predicted);
    state->out_of_memory = !taken || !state->points.truth || !state->points.predicted;
    if (!state->out_of_memory)
        take_points(state, figures, taken);
    mem_free(taken);
    measure_residuals(state, figures);
}

// ---- a new measurement ------------------------------------------------------------------------------------------------

static void first_page(struct evaluate_state *state, const struct snapshot *snapshot) {
    for (int i = 0; i < EVALUATE_PAGE_COUNT && !evaluate_has_page(snapshot, state->page); i++)
        state->page = (enum evaluate_page)((state->page + 1) % EVALUATE_PAGE_COUNT);
}

static void forget_places(struct evaluate_state *state) {
    state->row = state->column = state->top = state->left = 0;
    state->classes = (struct table_view_state){0};
    state->listing = false;
}

static void take_classes(struct evaluate_state *state, const struct measurement *made) {
    find_confusions(state, made);
    if (state->row >= made->classes || state->column >= made->classes ||
        state->classes.row >= (int64_t)made->classes ||
        (state->listing && (state->listed_truth >= made->classes || (state->listed_taken != SIZE_MAX && state->listed_taken >= made->classes))))
        forget_places(state);
    if (state->listing)
        evaluate_list_cell(state, made, state->listed_truth, state->listed_taken);
}

// Of the same run with other weights, places in matrix and tables keep their meaning.
void evaluate_refresh(void *view_state, const struct snapshot *snapshot) {
    struct evaluate_state *state = view_state;
    const struct measurement *made = snapshot->evaluate.made;
    uint64_t number = made ? made->number : 0;
    if (made)
        first_page(state, snapshot);
    if (number == state->seen)
        return;
    struct evaluate_list cell = state->cell, worst = state->worst;
    state->cell.rows = NULL;
    evaluate_forget(state);
    state->cell = cell;
    state->seen = number;
    state->confusion_count = 0;
    state->out_of_memory = false;
    if (!made || made->wish.run != state->run) {
        forget_places(state);
        worst = (struct evaluate_list){0};
    }
    state->run = made ? made->wish.run : 0;
    if (!made)
        return;
    worst.count = made->figures.each_count;
    worst.table.row = worst.table.row < (int64_t)worst.count ? worst.table.row : 0;
    state->worst = worst;
    if (made->figures.classify)
        take_classes(state, made);
    else
        make_points(state, &made->figures);
}
