// The plane of two features: a grid of rows over the range of two columns goes through the run's own pipeline, and the
// model is asked about each. On the CPU with one thread, so that it takes little from a run that trains.
#include "core/session_evaluate_parts.h"

#include <math.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"

enum { POINTS = BOUNDARY_WIDTH * BOUNDARY_HEIGHT };

// ---- which columns -------------------------------------------------------------------------------------------------

static bool is_number(const struct table *table, int column) {
    return column >= 0 && table->columns[column]->type == COLUMN_NUMERIC;
}

// The model's two inputs, where they are columns; else the only two columns beside the target.
static bool find_columns(const struct measurement *of, const struct table *table, int columns[2]) {
    const struct encoding *encoding = &of->kept->encoding;
    int found = 0, target = table_find(table, of->target_name);
    if (encoding->features == 2) {
        for (int i = 0; i < 2; i++)
            columns[i] = table_find(table, encoding->feature_names[i]);
        if (is_number(table, columns[0]) && is_number(table, columns[1]))
            return true;
    }
    for (int i = 0; i < (int)table->column_count; i++) {
        if (i == target)
            continue;
        if (found == 2 || !is_number(table, i))
            return false;
        columns[found++] = i;
    }
    return found == 2;
}

enum status plane_check(const struct measurement *of, int columns[2], struct error *error) {
    const struct table *table = of->data ? of->data->table : NULL;
    if (!of->source || !table)
        return error_set(error, STATUS_UNSUPPORTED,
                         "the plane is drawn for tables, of the rows that the run was trained on");
    if (!find_columns(of, table, columns))
        return error_set(error, STATUS_UNSUPPORTED,
                         "the plane is drawn where a model reads two numeric columns; this one reads %zu features",
                         of->kept->encoding.features);
    if (pipeline_looks_around(of->kept->pipeline))
        return error_set(error, STATUS_UNSUPPORTED,
                         "the pipeline looks at the rows around a row, so a point of the plane has no one answer");
    return STATUS_OK;
}

// ---- the grid --------------------------------------------------------------------------------------------------------

struct range {
    double low, high;
};

static enum status widen(void *context, const struct column_cells *cells, struct error *error) {
    struct range *range = context;
    (void)error;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells_missing(cells, i) || !isfinite(cells->values[i]))
            continue;
        range->low = fmin(range->low, cells->values[i]);
        range->high = fmax(range->high, cells->values[i]);
    }
    return STATUS_OK;
}

static enum status measure_range(const struct column *column, double *low, double *high, struct error *error) {
    struct range range = {INFINITY, -INFINITY};
    enum status status = column_each(column, widen, &range, error);
    if (!status && !(range.low <= range.high))
        status = error_set(error, STATUS_MISSING, "column \"%s\" holds no number", column->name);
    double room = range.high > range.low ? (range.high - range.low) * 0.05 : 1;
    *low = range.low - room;
    *high = range.high + room;
    return status;
}

double plane_at(const struct boundary *boundary, int axis, int index) {
    int count = axis == 0 ? BOUNDARY_WIDTH : BOUNDARY_HEIGHT;
    return boundary->low[axis] + (boundary->high[axis] - boundary->low[axis]) * (index + 0.5) / count;
}

static enum status replace(struct table *grid, int column, const struct boundary *boundary, int axis,
                           struct error *error) {
    struct column *made = column_make(grid->columns[column]->name, COLUMN_NUMERIC, POINTS, error);
    if (!made)
        return STATUS_MEMORY;
    for (int i = 0; i < POINTS; i++)
        made->values[i] = plane_at(boundary, axis, axis == 0 ? i % BOUNDARY_WIDTH : i / BOUNDARY_WIDTH);
    column_release(grid->columns[column]);
    grid->columns[column] = made;
    return STATUS_OK;
}

// Whatever else a row holds, no step that matters reads it: it is that of the first row.
static enum status make_grid(const struct table *table, const int columns[2], const struct boundary *boundary,
                             struct table **grid, struct error *error) {
    uint32_t *first = mem_alloc(POINTS, sizeof *first);
    enum status status = first ? table_share(table, grid, error) : error_memory(error, "a grid of points", POINTS);
    if (!status)
        status = table_pick(*grid, first, POINTS, error);
    for (int i = 0; i < 2 && !status; i++)
        status = replace(*grid, columns[i], boundary, i, error);
    mem_free(first);
    return status;
}

static enum status encode_grid(const struct measurement *of, struct table *grid, struct source **source,
                               struct task *task, struct error *error) {
    struct dataset dataset = {.kind = DATASET_TABLE, .name = of->data->name, .table = grid};
    struct prepared *prepared = NULL;
    grid->target = table_find(grid, of->target_name);
    enum status status = pipeline_apply_leniently(of->kept->pipeline, &dataset, &prepared, task, error);
    if (!status)
        status = source_encode(&dataset, prepared, &of->kept->encoding, source, error);
    if (!status && (*source)->rows != POINTS)
        status = error_set(error, STATUS_INVALID, "the pipeline leaves out some points of the plane");
    prepared_free(prepared);
    return status;
}

// ---- asking --------------------------------------------------------------------------------------------------------------

static enum status open_model(const struct measurement *of, const struct model_copy *copy, struct source *source,
                              struct backend **backend, struct trainer **trainer, struct error *error) {
    struct backend_options options = {.threads = 1};
    const char *device = text_equal(of->kept->params.device, "ref") ? "ref" : "cpu";
    enum status status = precision_parse("f32", &options.precision, error);
    if (!status)
        status = backend_open(device, &options, backend, error);
    if (status)
        return status;
    return copy ? trainer_open_copy(trainer, copy, source, *backend, error)
                : trainer_open_checkpoint(trainer, of->kept->checkpoint, source, *backend, error);
}

static void take_point(struct boundary *boundary, size_t index, const float *values, size_t width, bool classify) {
    size_t up = index / BOUNDARY_WIDTH, across = index % BOUNDARY_WIDTH, best = 0;
    for (size_t k = 1; k < width; k++)
        best = values[k] > values[best] ? k : best;
    boundary->taken[up][across] = classify ? (int32_t)best : 0;
    boundary->value[up][across] = values[best];
    boundary->least = index == 0 ? values[0] : fminf(boundary->least, values[0]);
    boundary->most = index == 0 ? values[0] : fmaxf(boundary->most, values[0]);
}

enum { STRIDE = 1024 };

struct asking {
    const struct measurement *of;
    struct trainer *trainer;
    struct boundary *boundary;
    float *values; // [STRIDE][width]
    size_t width;
    struct task *task;
};

static enum status ask_grid(struct asking *asking, const struct source *grid, struct error *error) {
    uint32_t rows[STRIDE];
    enum status status = STATUS_OK;
    for (size_t first = 0; first < POINTS && !status; first += STRIDE) {
        size_t count = POINTS - first < STRIDE ? POINTS - first : STRIDE;
        for (size_t i = 0; i < count; i++)
            rows[i] = (uint32_t)(first + i);
        status = trainer_predict(asking->trainer, grid, rows, count, asking->values, NULL, error);
        for (size_t i = 0; i < count && !status; i++)
            take_point(asking->boundary, first + i, asking->values + i * asking->width, asking->width,
                       asking->of->figures.classify);
        status = status ? status : task_step(asking->task, 0, error);
    }
    return status;
}

// The rows on top, as they are.
static enum status ask_rows(struct asking *asking, size_t every, struct error *error) {
    struct boundary *boundary = asking->boundary;
    uint32_t rows[STRIDE];
    enum status status = STATUS_OK;
    for (size_t first = 0; first < boundary->row_count && !status; first += STRIDE) {
        size_t count = boundary->row_count - first < STRIDE ? boundary->row_count - first : STRIDE;
        for (size_t i = 0; i < count; i++)
            rows[i] = (uint32_t)((first + i) * every);
        status = trainer_predict(asking->trainer, asking->of->source, rows, count, asking->values, NULL, error);
        for (size_t i = 0; i < count && !status; i++) {
            const float *values = asking->values + i * asking->width;
            int32_t best = 0;
            for (size_t k = 1; k < asking->width; k++)
                best = values[k] > values[best] ? (int32_t)k : best;
            boundary->rows[first + i].taken = best;
        }
    }
    return status;
}

static enum status ask(const struct measurement *of, const struct model_copy *copy, struct source *grid, size_t every,
                       struct boundary *boundary, struct task *task, struct error *error) {
    struct backend *backend = NULL;
    size_t width = of->figures.classify ? of->classes : 1;
    struct asking asking = {.of = of, .boundary = boundary, .width = width, .task = task};
    asking.values = mem_alloc(STRIDE * width, sizeof *asking.values);
    enum status status = asking.values ? open_model(of, copy, grid, &backend, &asking.trainer, error)
                                       : error_memory(error, "predictions", STRIDE * width * sizeof(float));
    if (!status)
        status = ask_grid(&asking, grid, error);
    if (!status && of->figures.classify)
        status = ask_rows(&asking, every, error);
    trainer_close(asking.trainer);
    backend_close(backend);
    mem_free(asking.values);
    return status;
}

// ---- rows on top -------------------------------------------------------------------------------------------------------

static void name_parts(const struct source *source, uint8_t *part) {
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < source->part_count[p]; i++)
            part[source->part_rows[p][i]] = (uint8_t)p;
}

static enum status take_rows(const struct measurement *of, const int columns[2], size_t every,
                             struct boundary *boundary, struct error *error) {
    const struct source *source = of->source;
    const struct table *table = of->data->table;
    uint8_t *part = mem_alloc(source->rows + 1, 1);
    boundary->rows = mem_alloc(source->rows / every + 1, sizeof *boundary->rows);
    if (!part || !boundary->rows) {
        mem_free(part);
        return error_memory(error, "the rows of the plane", source->rows);
    }
    name_parts(source, part);
    boundary->all_rows = source->rows;
    for (size_t row = 0; row < source->rows; row += every) {
        size_t origin = (size_t)source->origin[row];
        struct boundary_row *to = &boundary->rows[boundary->row_count++];
        to->x = column_number(table->columns[columns[0]], origin);
        to->y = column_number(table->columns[columns[1]], origin);
        to->label = source->labels ? source->labels[row] : 0;
        to->truth = source->labels ? 0 : (double)source->targets[row] * source->target_sd + source->target_mean;
        to->part = (enum part)part[row];
    }
    mem_free(part);
    return STATUS_OK;
}

enum status plane_make(const struct measurement *of, const struct model_copy *copy, struct boundary **out,
                       struct task *task, struct error *error) {
    struct boundary *boundary = mem_alloc(1, sizeof *boundary);
    struct table *grid = NULL;
    struct source *source = NULL;
    double begun = clock_now();
    int columns[2];
    size_t every = of->source ? of->source->rows / BOUNDARY_ROWS_MOST + 1 : 1;
    if (!boundary)
        return error_memory(error, "the plane", sizeof *boundary);
    enum status status = plane_check(of, columns, error);
    for (int i = 0; i < 2 && !status; i++) {
        const struct column *column = of->data->table->columns[columns[i]];
        boundary->names[i] = column->name;
        status = measure_range(column, &boundary->low[i], &boundary->high[i], error);
    }
    if (!status)
        status = make_grid(of->data->table, columns, boundary, &grid, error);
    if (!status)
        status = encode_grid(of, grid, &source, task, error);
    if (!status)
        status = take_rows(of, columns, every, boundary, error);
    if (!status)
        status = ask(of, copy, source, every, boundary, task, error);
    source_release(source);
    table_free(grid);
    boundary->step = copy ? copy->step : of->step;
    boundary->epoch = copy ? copy->epoch : NAN;
    boundary->copied = copy ? copy->seconds : NAN;
    boundary->seconds = clock_now() - begun;
    if (status)
        boundary_free(boundary);
    else
        *out = boundary;
    return status;
}

void boundary_free(struct boundary *boundary) {
    if (boundary)
        mem_free(boundary->rows);
    mem_free(boundary);
}
