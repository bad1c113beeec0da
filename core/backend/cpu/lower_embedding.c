// Embeddings: rows of a table in place of the index that a column holds, and their gradient.
#include "core/backend/cpu/plan.h"

#include <string.h>

enum { RESULT, INDICES, TABLE };           // places; RESULT: y, or its gradient
enum { OUTPUTS, INPUTS, TABLE_ROWS, WIDTH }; // sizes: columns of y and of x, rows and columns of the table

static void share_columns(const struct step *step, const struct run_state *state, struct rows rows) {
    int64_t inputs = step->size[INPUTS], outputs = step->size[OUTPUTS], given = step->u.own.op.attr.columns;
    (void)state;
    for (int64_t i = rows.from; i < rows.to; i++) {
        float *y = (float *)step->at[RESULT] + i * outputs;
        memcpy(y, (const float *)step->at[INDICES] + i * inputs, (size_t)given * sizeof *y);
        memset(y + given, 0, (size_t)(outputs - given) * sizeof *y);
    }
}

size_t lower_columns(struct builder *b, const struct op *op) {
    int x = value_read(b, op->in[0]), y = value_write(b, op->out[0]);
    struct step *step = step_add_shared(b, share_columns);
    step->u.own.op = *op;
    step->place[INDICES] = x;
    step->place[RESULT] = y;
    step->size[INPUTS] = builder_value(b, op->in[0])->shape.size[1];
    step->size[OUTPUTS] = builder_value(b, op->out[0])->shape.size[1];
    return 1;
}

static size_t table_row(const struct step *step, int64_t i) {
    float index = ((const float *)step->at[INDICES])[i * step->size[INPUTS] + step->u.own.op.attr.embedding.column];
    return index >= 0 && index < (float)step->size[TABLE_ROWS] ? (size_t)index : 0;
}

static float *result_row(const struct step *step, int64_t i) {
    return (float *)step->at[RESULT] + i * step->size[OUTPUTS] + step->u.own.op.attr.embedding.at;
}

static void share_embedding(const struct step *step, const struct run_state *state, struct rows rows) {
    size_t width = (size_t)step->size[WIDTH];
    (void)state;
    for (int64_t i = rows.from; i < rows.to; i++) {
        const float *row = (const float *)step->at[TABLE] + table_row(step, i) * width;
        memcpy(result_row(step, i), row, width * sizeof *row);
    }
}

// In the order of the batch: the same bits whatever the number of threads.
static dnnl_status_t run_embedding_gradient(const struct step *step, const struct run_state *state) {
    size_t width = (size_t)step->size[WIDTH];
    float *table = step->at[TABLE];
    int64_t batch = step->u.own.shape.size[0];
    (void)state;
    memset(table, 0, (size_t)step->size[TABLE_ROWS] * width * sizeof *table);
    for (int64_t i = 0; i < batch; i++) {
        float *row = table + table_row(step, i) * width;
        const float *dy = result_row(step, i);
        for (size_t j = 0; j < width; j++) {
            row[j] += dy[j];
        }
    }
    return dnnl_success;
}

static size_t fill(struct builder *b, struct step *step, const struct op *op, value_id table) {
    step->u.own.op = *op;
    step->u.own.shape = builder_value(b, op->in[0])->shape;
    step->size[OUTPUTS] = step->u.own.shape.size[1];
    step->size[INPUTS] = builder_value(b, op->in[1])->shape.size[1];
    step->size[TABLE_ROWS] = builder_value(b, table)->shape.size[0];
    step->size[WIDTH] = builder_value(b, table)->shape.size[1];
    return 1;
}

size_t lower_embedding(struct builder *b, const struct op *op) {
    int x = value_read(b, op->in[1]), w = value_read(b, op->in[2]);
    value_read(b, op->in[0]);
    int y = value_write(b, op->out[0]);
    struct step *step = step_add_shared(b, share_embedding);
    step->place[RESULT] = y;
    step->place[INDICES] = x;
    step->place[TABLE] = w;
    return fill(b, step, op, op->in[2]);
}

size_t lower_embedding_gradient(struct builder *b, const struct op *op) {
    int dy = value_read(b, op->in[0]), x = value_read(b, op->in[1]), dw = value_write(b, op->out[0]);
    struct step *step = step_add(b, run_embedding_gradient);
    step->place[RESULT] = dy;
    step->place[INDICES] = x;
    step->place[TABLE] = dw;
    return fill(b, step, op, op->out[0]);
}
