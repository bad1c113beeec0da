// missing, strategy knn: a hole gets the mean of the k nearest training rows that have a value there, as in
// scikit-learn's KNNImputer. The distance of two rows is sqrt(D/shared · Σ (a − b)²) over the columns that both
// have, of D columns; rows that share none are no neighbors. Where a row has no neighbor at all the column's mean
// is taken. Of equally near rows the earlier counts.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/crew.h"
#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/base/str.h"
#include "datasets/steps/missing_parts.h"

enum {
    TILE = 512,    // donors whose distances are worked out together
    PIECE = 8,     // rows that a thread takes at a time
    HOURS_MOST = 1 // of work that is begun
};
#define PAIRS_A_SECOND 5e8 // differences of two cells, on one core

// ---- donors: the training rows ----

static void learned(const struct missing_donors *donors, size_t column, double *values) {
    double *present = donors->present + column * donors->rows;
    donors->values[column] = values;
    for (size_t row = 0; row < donors->rows; row++) {
        present[row] = isnan(values[row]) ? 0 : 1;
        donors->complete[column] = donors->complete[column] && present[row] != 0;
        values[row] = isnan(values[row]) ? 0 : values[row];
    }
}

static enum status make_room(struct missing_donors *donors, size_t columns, size_t rows, struct error *error) {
    donors->rows = rows;
    donors->columns = columns;
    donors->values = mem_alloc(columns + 1, sizeof(double *));
    donors->present = mem_alloc(columns * rows + 1, sizeof(double));
    donors->complete = mem_alloc(columns + 1, sizeof(bool));
    if (donors->values == NULL || donors->present == NULL || donors->complete == NULL)
        return error_memory(error, "the training rows that lend values", columns * rows * sizeof(double));
    for (size_t i = 0; i < columns; i++)
        donors->complete[i] = true;
    return STATUS_OK;
}

void missing_donors_clear(struct missing_donors *donors) {
    for (size_t i = 0; donors->values != NULL && i < donors->columns; i++)
        mem_free(donors->values[i]);
    mem_free(donors->values);
    mem_free(donors->present);
    mem_free(donors->complete);
    *donors = (struct missing_donors){0};
}

bool missing_measures(const struct column_state *column) {
    return column->type == COLUMN_NUMERIC && column->figures[MISSING_EMPTY] == 0;
}

static size_t measured_columns(const struct step_state *state) {
    size_t count = 0;
    for (size_t i = 0; i < state->count; i++)
        count += missing_measures(&state->columns[i]);
    return count;
}

// At most `most` of the rows, drawn without order of theirs, ascending. 0: all.
static size_t draw(const uint32_t *rows, size_t count, size_t most, uint32_t *drawn) {
    struct rng rng = rng_make(0, RNG_SAMPLE, 0);
    size_t kept = 0, wanted = most == 0 || most > count ? count : most;
    for (size_t i = 0; i < count; i++) { // each row with the chance that fills what is wanted (Knuth's algorithm S)
        if (wanted == count || rng_below(&rng, count - i) < wanted - kept)
            drawn[kept++] = rows[i];
    }
    return kept;
}

static enum status gather(const struct table *table, const struct step_state *state, const uint32_t *rows, size_t count,
                          struct missing_donors *donors, struct error *error) {
    enum status status = make_room(donors, measured_columns(state), count, error);
    for (size_t i = 0, column = 0; i < state->count && status == STATUS_OK; i++) {
        double *values = NULL;
        size_t index = (size_t)table_find(table, state->columns[i].name);
        if (!missing_measures(&state->columns[i]))
            continue;
        status = series_gather(table->columns[index], rows, count, &values, error);
        for (size_t row = 0; row < count && status == STATUS_OK; row++) {
            if (isinf(values[row]))
                status = cell_refuse_infinite(table, index, rows[row], error);
        }
        if (status == STATUS_OK)
            learned(donors, column++, values);
        else
            mem_free(values);
    }
    return status;
}

enum status missing_fit_donors(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                               struct error *error) {
    struct missing_state *state = step->state;
    uint32_t *drawn = mem_alloc(count + 1, sizeof *drawn);
    if (drawn == NULL)
        return error_memory(error, "the training rows", count * sizeof *drawn);
    size_t kept = draw(training, count, (size_t)missing_settings(step)->donors, drawn);
    enum status status = gather(table, &state->columns, drawn, kept, &state->donors, error);
    mem_free(drawn);
    return status;
}

// ---- one row ----

struct nearest { // of one hole: the best so far, nearest first
    double *distance;
    uint32_t *donor;
    size_t count;
};

static void offer(struct nearest *nearest, size_t most, double distance, uint32_t donor) {
    size_t at = nearest->count < most ? nearest->count++ : most - 1;
    for (; at > 0 && nearest->distance[at - 1] > distance; at--) {
        nearest->distance[at] = nearest->distance[at - 1];
        nearest->donor[at] = nearest->donor[at - 1];
    }
    nearest->distance[at] = distance;
    nearest->donor[at] = donor;
}

// distance[i] = D/shared · Σ diff² to donor first + i, NaN where nothing is shared.
static void measure(const struct missing_donors *donors, const double *query, size_t first, size_t count,
                    double *restrict distance) {
    double shared[TILE] = {0}, always = 0;
    memset(distance, 0, count * sizeof *distance);
    for (size_t column = 0; column < donors->columns; column++) {
        const double *restrict values = donors->values[column] + first;
        const double *restrict present = donors->present + column * donors->rows + first;
        double x = query[column];
        if (isnan(x))
            continue;
        if (donors->complete[column]) {
            always++;
            for (size_t i = 0; i < count; i++)
                distance[i] += (values[i] - x) * (values[i] - x);
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            distance[i] += present[i] * ((values[i] - x) * (values[i] - x));
            shared[i] += present[i];
        }
    }
    for (size_t i = 0; i < count; i++)
        distance[i] = distance[i] * (double)donors->columns / (shared[i] + always); // 0/0 is NaN
}

static double mean_of(const struct nearest *nearest, const double *values, bool by_distance, double fallback) {
    double sum = 0, weights = 0;
    bool same = nearest->count > 0 && nearest->distance[0] == 0; // rows at distance 0 count alone, and alike
    for (size_t i = 0; i < nearest->count; i++) {
        double weight = 1;
        if (by_distance)
            weight = same ? nearest->distance[i] == 0 : 1 / sqrt(nearest->distance[i]);
        sum += weight * values[nearest->donor[i]];
        weights += weight;
    }
    return nearest->count == 0 ? fallback : sum / weights;
}

struct search {
    const struct missing_donors *donors;
    double *queries; // [rows][columns]; holes are filled in place
    const double *fallback;
    size_t rows, most; // neighbors
    bool by_distance;
    struct task *task;
};

static void offer_tile(const struct search *search, const double *query, size_t first, size_t count,
                       const double *distance, struct nearest *nearest) {
    const struct missing_donors *donors = search->donors;
    for (size_t column = 0; column < donors->columns; column++) {
        const double *present = donors->present + column * donors->rows + first;
        struct nearest *best = &nearest[column];
        if (!isnan(query[column]))
            continue;
        double worst = best->count < search->most ? INFINITY : best->distance[search->most - 1];
        for (size_t i = 0; i < count; i++) {
            if (!(distance[i] < worst) || present[i] == 0)
                continue;
            offer(best, search->most, distance[i], (uint32_t)(first + i));
            worst = best->count < search->most ? INFINITY : best->distance[search->most - 1];
        }
    }
}

static enum status fill_row(const struct search *search, double *query, struct nearest *nearest, struct error *error) {
    const struct missing_donors *donors = search->donors;
    double distance[TILE];
    enum status status = STATUS_OK;
    for (size_t column = 0; column < donors->columns; column++)
        nearest[column].count = 0;
    for (size_t first = 0; first < donors->rows && status == STATUS_OK; first += TILE) {
        size_t count = donors->rows - first < TILE ? donors->rows - first : TILE;
        measure(donors, query, first, count, distance);
        offer_tile(search, query, first, count, distance, nearest);
        if (first % ((size_t)TILE * 256) == 0)
            status = task_step(search->task, 0, error);
    }
    for (size_t column = 0; column < donors->columns && status == STATUS_OK; column++) {
        if (isnan(query[column]))
            query[column] =
                mean_of(&nearest[column], donors->values[column], search->by_distance, search->fallback[column]);
    }
    return status;
}

static enum status fill_piece(void *context, size_t piece, struct error *error) {
    const struct search *search = context;
    size_t columns = search->donors->columns, most = search->most, first = piece * PIECE;
    struct nearest *nearest = mem_alloc(columns, sizeof *nearest);
    double *distance = mem_alloc(columns * most, sizeof *distance);
    uint32_t *donor = mem_alloc(columns * most, sizeof *donor);
    enum status status = STATUS_OK;
    if (nearest == NULL || distance == NULL || donor == NULL)
        status = error_memory(error, "the nearest rows", columns * most * sizeof *distance);
    for (size_t column = 0; column < columns && status == STATUS_OK; column++)
        nearest[column] = (struct nearest){distance + column * most, donor + column * most, 0};
    for (size_t row = first; row < first + PIECE && row < search->rows && status == STATUS_OK; row++)
        status = fill_row(search, search->queries + row * columns, nearest, error);
    mem_free(nearest);
    mem_free(distance);
    mem_free(donor);
    return status;
}

// ---- a table ----

struct holes {
    uint32_t *rows; // of the table, those with a hole in some measured column
    size_t count;
    double *queries; // [count][columns]
    double *fallback;
};

static enum status find_rows(const struct step_state *state, const struct table *table, struct holes *holes,
                             struct error *error) {
    uint8_t *any = mem_alloc(table->rows + 1, 1);
    holes->rows = mem_alloc(table->rows + 1, sizeof *holes->rows);
    enum status status = any == NULL || holes->rows == NULL
                             ? error_memory(error, "the rows with holes", table->rows * sizeof *holes->rows)
                             : STATUS_OK;
    for (size_t i = 0; i < state->count && status == STATUS_OK; i++) {
        int index = missing_measures(&state->columns[i]) ? table_find(table, state->columns[i].name) : -1;
        uint8_t *here = NULL;
        size_t count = 0;
        if (index >= 0)
            status = series_holes(table->columns[index], &here, &count, error);
        for (size_t row = 0; row < table->rows && count > 0 && status == STATUS_OK; row++)
            any[row] |= here[row];
        mem_free(here);
    }
    for (size_t row = 0; row < table->rows && status == STATUS_OK; row++) {
        holes->rows[holes->count] = (uint32_t)row;
        holes->count += any[row];
    }
    mem_free(any);
    return status;
}

static enum status read_rows(const struct step_state *state, const struct table *table, struct holes *holes,
                             size_t columns, struct error *error) {
    enum status status = STATUS_OK;
    holes->queries = mem_alloc(holes->count * columns + 1, sizeof *holes->queries);
    holes->fallback = mem_alloc(columns + 1, sizeof *holes->fallback);
    if (holes->queries == NULL || holes->fallback == NULL)
        status = error_memory(error, "the rows with holes", holes->count * columns * sizeof *holes->queries);
    for (size_t i = 0, column = 0; i < state->count && status == STATUS_OK; i++) {
        double *values = NULL;
        if (!missing_measures(&state->columns[i]))
            continue;
        int index = table_find(table, state->columns[i].name);
        if (index >= 0)
            status = series_gather(table->columns[index], holes->rows, holes->count, &values, error);
        for (size_t row = 0; row < holes->count && status == STATUS_OK; row++) {
            holes->queries[row * columns + column] = values == NULL ? (double)NAN : values[row];
            if (isinf(holes->queries[row * columns + column]))
                status = cell_refuse_infinite(table, (size_t)index, holes->rows[row], error);
        }
        holes->fallback[column++] = state->columns[i].figures[MISSING_FILL];
        mem_free(values);
    }
    return status;
}

static enum status refuse_hours(const struct missing_donors *donors, size_t rows, struct error *error) {
    double cost = (double)rows * (double)donors->rows * (double)donors->columns;
    double hours = cost / PAIRS_A_SECOND / (double)crew_cores() / 3600;
    if (hours < HOURS_MOST)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "%zu rows have holes, and comparing them with %zu training rows takes about %.0f hours; set "
                     "\"donors\" to %.0f or fewer, or choose another strategy",
                     rows, donors->rows, hours, fmax(1, (double)donors->rows / hours / 2));
}

static enum status put_back(const struct holes *holes, const struct missing_donors *donors, size_t column,
                            struct table *table, size_t index, const struct apply_context *context,
                            struct error *error) {
    static const char *const reasons[] = {"mean of the nearest training rows"};
    struct column *before = column_share(table->columns[index]);
    double *values = NULL;
    uint8_t *why = mem_alloc(before->rows + 1, 1);
    enum status status =
        why == NULL ? error_memory(error, "the filled rows", before->rows) : series_read(before, &values, error);
    for (size_t i = 0; i < holes->count && status == STATUS_OK; i++)
        values[holes->rows[i]] = holes->queries[i * donors->columns + column];
    if (status == STATUS_OK)
        status = series_replace(table, index, series_column(before, values, error));
    if (status == STATUS_OK)
        status = missing_list(table, index, before, why, reasons, context, error);
    mem_free(values);
    mem_free(why);
    column_release(before);
    return status;
}

static enum status fill_table(const struct step *step, struct table *table, struct holes *holes,
                              const struct apply_context *context, struct error *error) {
    const struct missing_state *state = step->state;
    const struct missing_donors *donors = &state->donors;
    const struct step_state *columns = &state->columns;
    struct search search = {.donors = donors,
                            .queries = holes->queries,
                            .fallback = holes->fallback,
                            .rows = holes->count,
                            .most = (size_t)missing_settings(step)->neighbors,
                            .by_distance = text_equal(missing_settings(step)->weights, "distance"),
                            .task = context->task};
    enum status status = crew_run((holes->count + PIECE - 1) / PIECE, 0, fill_piece, &search, context->task, error);
    for (size_t i = 0, column = 0; i < columns->count && status == STATUS_OK; i++) {
        if (!missing_measures(&columns->columns[i]))
            continue;
        int index = table_find(table, columns->columns[i].name);
        if (index >= 0)
            status = put_back(holes, donors, column, table, (size_t)index, context, error);
        column++;
    }
    return status;
}

enum status missing_from_nearest(const struct step *step, struct table *table, const struct apply_context *context,
                                 struct error *error) {
    const struct missing_state *state = step->state;
    struct holes holes = {0};
    enum status status = find_rows(&state->columns, table, &holes, error);
    if (status == STATUS_OK && holes.count > 0 && state->donors.columns > 0) {
        status = refuse_hours(&state->donors, holes.count, error);
        if (status == STATUS_OK)
            status = read_rows(&state->columns, table, &holes, state->donors.columns, error);
        if (status == STATUS_OK)
            status = fill_table(step, table, &holes, context, error);
    }
    mem_free(holes.rows);
    mem_free(holes.queries);
    mem_free(holes.fallback);
    return status;
}

// ---- saving: one text of numbers a column, "-" where there is none ----

enum status missing_save_donors(const struct step *step, cJSON *object, struct error *error) {
    const struct missing_donors *donors = &((const struct missing_state *)step->state)->donors;
    cJSON *array = cJSON_AddArrayToObject(object, "donors");
    bool added = array != NULL;
    for (size_t column = 0; column < donors->columns && added; column++) {
        struct str text = {0};
        char number[32];
        for (size_t row = 0; row < donors->rows; row++) {
            bool present = donors->present[column * donors->rows + row] != 0;
            if (row > 0)
                str_add_char(&text, ' ');
            str_add(&text, present ? number_text(donors->values[column][row], number) : "-");
        }
        cJSON *item = text.failed ? NULL : cJSON_CreateString(str_text(&text));
        added = item != NULL && cJSON_AddItemToArray(array, item);
        str_free(&text);
    }
    return added ? STATUS_OK : error_memory(error, "a saved pipeline", donors->rows * donors->columns * 16);
}

static size_t count_numbers(const char *text) {
    size_t count = *text == '\0' ? 0 : 1;
    for (; *text != '\0'; text++)
        count += *text == ' ';
    return count;
}

static bool read_numbers(const char *text, size_t count, double *values) {
    char word[40];
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(text, " ");
        if (length == 0 || length >= sizeof word)
            return false;
        memcpy(word, text, length);
        word[length] = '\0';
        text += length + (text[length] == ' ');
        values[i] = NAN;
        if (!text_equal(word, "-") && (!number_parse(word, &values[i]) || !isfinite(values[i])))
            return false;
    }
    return true;
}

static enum status load_column(struct missing_donors *donors, size_t column, const cJSON *item, struct error *error) {
    double *values = mem_alloc(donors->rows + 1, sizeof *values);
    if (values == NULL)
        return error_memory(error, "the training rows that lend values", donors->rows * sizeof *values);
    if (!cJSON_IsString(item) || count_numbers(item->valuestring) != donors->rows ||
        !read_numbers(item->valuestring, donors->rows, values)) {
        mem_free(values);
        return error_set(error, STATUS_INVALID, "\"donors\" must hold texts of %zu numbers (\"-\": none) each",
                         donors->rows);
    }
    learned(donors, column, values);
    return STATUS_OK;
}

enum status missing_load_donors(struct step *step, const cJSON *object, struct error *error) {
    struct missing_state *state = step->state;
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, "donors"), *item;
    size_t columns = measured_columns(&state->columns), column = 0;
    if (!cJSON_IsArray(array) || (size_t)cJSON_GetArraySize(array) != columns)
        return error_set(error, STATUS_INVALID,
                         "\"donors\" must be an array of a text for each of the %zu numeric columns", columns);
    const cJSON *first = array->child;
    size_t rows = cJSON_IsString(first) ? count_numbers(first->valuestring) : 0;
    enum status status = make_room(&state->donors, columns, rows, error);
    cJSON_ArrayForEach(item, array) {
        if (status == STATUS_OK)
            status = load_column(&state->donors, column++, item, error);
    }
    return status;
}
