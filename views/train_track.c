#include "views/train_track.h"

#include <math.h>

#include "core/base/mem.h"

#define BLOCK_SHIFT 6 // 64 rows, then 64 blocks

static size_t source_count(const struct track *track) {
    return track->rows == TRACK_STEP_ROWS ? track->curve->point_count : track->curve->epoch_count;
}

static uint64_t source_step(const struct track *track, size_t row) {
    return track->rows == TRACK_STEP_ROWS ? track->curve->points[row].step : track->curve->epochs[row].step;
}

static enum track_line line_count(const struct track *track) {
    return track->rows == TRACK_STEP_ROWS ? TRACK_LINES : TRACK_GRADIENT;
}

const struct step_metrics *track_step(const struct track *track, size_t i) {
    return &track->curve->points[track->index[i]];
}

// ---- reading ----------------------------------------------------------------------------------------------

static double step_place(const struct step_metrics *point, enum track_axis axis) {
    switch (axis) {
    case TRACK_STEPS:
        return (double)point->step;
    case TRACK_SAMPLES:
        return (double)point->samples;
    case TRACK_SECONDS:
        return point->seconds;
    default:
        return point->epoch;
    }
}

static double epoch_place(const struct epoch_row *row, enum track_axis axis) {
    switch (axis) {
    case TRACK_STEPS:
        return (double)row->step;
    case TRACK_SAMPLES:
        return (double)row->samples;
    case TRACK_SECONDS:
        return row->seconds;
    default:
        return (double)row->epoch;
    }
}

double track_place(const struct track *track, enum track_axis axis, size_t i) {
    if (track->rows == TRACK_STEP_ROWS)
        return step_place(track_step(track, i), axis);
    return epoch_place(&track->curve->epochs[track->index[i]], axis);
}

static double metric(const struct track *track, double accuracy, double rmse) {
    return track->classify ? 100 * accuracy : rmse;
}

static double epoch_value(const struct track *track, enum track_line line, const struct epoch_row *row) {
    return line == TRACK_LOSS ? row->val_loss : metric(track, row->val_accuracy, row->val_rmse);
}

double track_value(const struct track *track, enum track_line line, size_t i) {
    if (track->rows == TRACK_EPOCH_ROWS)
        return epoch_value(track, line, &track->curve->epochs[track->index[i]]);
    const struct step_metrics *point = track_step(track, i);
    switch (line) {
    case TRACK_LOSS:
        return (double)point->loss;
    case TRACK_METRIC:
        return metric(track, (double)point->accuracy_or_rmse, (double)point->accuracy_or_rmse);
    case TRACK_GRADIENT:
        return (double)point->gradient_norm;
    case TRACK_RATIO:
        return (double)point->update_ratio;
    default:
        return (double)track->means[line - TRACK_LOSS_MEAN][i];
    }
}

// The first row of [from, to) at or after x: by doubling strides first, as the next column is seldom far.
static size_t find_between(const struct track *track, enum track_axis axis, double x, size_t from, size_t to) {
    size_t low = from, stride = 1;
    while (low + stride < to && track_place(track, axis, low + stride) < x) {
        low += stride;
        stride *= 2;
    }
    size_t high = low + stride < to ? low + stride : to;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (track_place(track, axis, middle) < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t track_find(const struct track *track, enum track_axis axis, double x) {
    return find_between(track, axis, x, 0, track->count);
}

double track_value_at(const struct track *track, enum track_line line, enum track_axis axis, double x) {
    size_t at = track_find(track, axis, x);
    if (at < track->count && track_place(track, axis, at) <= x)
        return track_value(track, line, at);
    return at > 0 ? track_value(track, line, at - 1) : (double)NAN;
}

// ---- extremes ---------------------------------------------------------------------------------------------

static void fold(struct track_block *block, float low, float high, bool bad) {
    block->low = low < block->low ? low : block->low;
    block->high = high > block->high ? high : block->high;
    block->bad = block->bad || bad;
}

static void fold_value(struct track_block *block, double value) {
    float single = (float)value;
    if (isfinite(single))
        fold(block, single, single, false);
    else
        block->bad = true;
}

struct track_block track_range(const struct track *track, enum track_line line, size_t from, size_t to) {
    struct track_block range = {.low = INFINITY, .high = -INFINITY};
    while (from < to) {
        int level = 0;
        while (level < TRACK_LEVELS) {
            size_t size = (size_t)1 << BLOCK_SHIFT * (level + 1);
            if (from % size != 0 || from + size > to)
                break;
            level++;
        }
        if (level == 0) {
            fold_value(&range, track_value(track, line, from++));
            continue;
        }
        const struct track_block *block = &track->blocks[line][level - 1][from >> BLOCK_SHIFT * level];
        fold(&range, block->low, block->high, block->bad);
        from += (size_t)1 << BLOCK_SHIFT * level;
    }
    return range;
}

// ---- keeping up with the run ------------------------------------------------------------------------------

// Rows whose step comes again were rolled back: they leave the curve.
static bool take_rows(struct track *track) {
    size_t rows = source_count(track);
    if (!vec_reserve(&track->index, &track->capacity, rows, sizeof *track->index))
        return false;
    for (; track->read < rows; track->read++) {
        uint64_t step = source_step(track, track->read);
        while (track->count > 0 && source_step(track, track->index[track->count - 1]) >= step)
            track->count--;
        if (track->count < track->derived)
            track->derived = 0;
        track->index[track->count++] = (uint32_t)track->read;
    }
    return true;
}

static bool extend_mean(struct track *track, int mean) {
    if (!vec_reserve(&track->means[mean], &track->mean_capacity[mean], track->count, sizeof *track->means[mean]))
        return false;
    double *sum = &track->sums[mean], *weight = &track->weights[mean];
    if (track->derived == 0)
        *sum = *weight = 0;
    for (size_t i = track->derived; i < track->count; i++) {
        double value = track_value(track, (enum track_line)mean, i);
        if (isfinite(value)) {
            *sum = track->decay * *sum + value;
            *weight = track->decay * *weight + 1;
        }
        track->means[mean][i] = (float)(isfinite(value) ? *sum / *weight : value);
    }
    return true;
}

static bool extend_blocks(struct track *track, enum track_line line, int level) {
    struct track_block **blocks = &track->blocks[line][level];
    int shift = BLOCK_SHIFT * (level + 1);
    size_t needed = (track->count >> shift) + 1, size = (size_t)1 << shift;
    if (!vec_reserve(blocks, &track->block_capacity[line][level], needed, sizeof **blocks))
        return false;
    for (size_t block = track->derived >> shift; (block + 1) * size <= track->count; block++) {
        struct track_block whole = {.low = INFINITY, .high = -INFINITY};
        for (size_t part = 0; part < 64; part++) {
            const struct track_block *below = level ? &track->blocks[line][level - 1][block * 64 + part] : NULL;
            if (below)
                fold(&whole, below->low, below->high, below->bad);
            else
                fold_value(&whole, track_value(track, line, block * 64 + part));
        }
        (*blocks)[block] = whole;
    }
    return true;
}

static bool derive(struct track *track) {
    for (int mean = 0; mean < TRACK_MEANS && track->rows == TRACK_STEP_ROWS; mean++)
        if (!extend_mean(track, mean))
            return false;
    for (enum track_line line = 0; line < line_count(track); line++)
        for (int level = 0; level < TRACK_LEVELS; level++)
            if (!extend_blocks(track, line, level))
                return false;
    track->derived = track->count;
    return true;
}

void track_free(struct track *track) {
    mem_free(track->index);
    for (int mean = 0; mean < TRACK_MEANS; mean++)
        mem_free(track->means[mean]);
    for (int line = 0; line < TRACK_LINES; line++)
        for (int level = 0; level < TRACK_LEVELS; level++)
            mem_free(track->blocks[line][level]);
    *track = (struct track){0};
}

void track_refresh(struct track *track, const struct run_view *run, enum track_rows rows, double decay) {
    bool same = run && track->curve && track->run == run->record.id && track->rows == rows;
    if (same)
        track->curve = &run->curve;
    if (!same || source_count(track) < track->read)
        track_free(track);
    if (!run)
        return;
    if (track->decay != decay)
        track->derived = 0;
    track->curve = &run->curve;
    track->run = run->record.id;
    track->rows = rows;
    track->classify = run->record.classify;
    track->decay = decay;
    track->out_of_memory = false;
    if (!take_rows(track) || !derive(track)) {
        track_free(track);
        track->out_of_memory = true;
    }
}

// ---- as few points as the screen can show -----------------------------------------------------------------

struct reduction {
    const struct track *track;
    enum track_line line;
    enum track_axis axis;
    double *x, *y;
    size_t count;
};

static void emit(struct reduction *to, double x, double y) {
    to->x[to->count] = x;
    to->y[to->count++] = y;
}

static void emit_row(struct reduction *to, size_t i) {
    emit(to, track_place(to->track, to->axis, i), track_value(to->track, to->line, i));
}

static void emit_column(struct reduction *to, size_t from, size_t to_row) {
    double x = track_place(to->track, to->axis, from);
    struct track_block range = track_range(to->track, to->line, from, to_row);
    if (to_row - from == 1) {
        emit_row(to, from);
        return;
    }
    if (range.bad)
        emit(to, x, NAN);
    if (range.low > range.high)
        return;
    double first = track_value(to->track, to->line, from);
    emit(to, x, isfinite(first) ? first : (double)range.low);
    emit(to, x, (double)range.low);
    emit(to, x, (double)range.high);
    double last = track_value(to->track, to->line, to_row - 1);
    if (isfinite(last))
        emit(to, track_place(to->track, to->axis, to_row - 1), last);
}

size_t track_reduce(const struct track *track, enum track_line line, enum track_axis axis, double low, double high,
                    int columns, double *x, double *y) {
    struct reduction to = {.track = track, .line = line, .axis = axis, .x = x, .y = y};
    size_t from = track_find(track, axis, low), row = from;
    if (from > 0)
        emit_row(&to, from - 1);
    for (int column = 1; column <= columns && row < track->count; column++) {
        double end = low + (high - low) * column / columns;
        size_t next = find_between(track, axis, column == columns ? nextafter(high, INFINITY) : end, row, track->count);
        if (next > row)
            emit_column(&to, row, next);
        row = next;
    }
    if (row < track->count)
        emit_row(&to, row);
    return to.count;
}
