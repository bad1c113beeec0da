// Whole training steps of small nets on one backend: gather, forward, loss, backward, SGD with
// momentum. One JSON line each.
//   BATCHLAB_BENCH_BACKEND=NAME  instead of cpu      BATCHLAB_BENCH_THREADS=N  instead of the backend's choice
//   BATCHLAB_PEERS=FILE          JSON lines of a peer: {"peer","threads","model","batch","bf16","us_per_step"}
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/backend/cpu/threads.h"
#include "core/backend/backend.h"
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/rng.h"

#define ROWS 4096
#define LAYERS_MOST 16
#define SECONDS 0.6
#define BLOCKS_MOST 4096

enum layer_kind { DENSE, RELU, CONVOLUTION, POOL, END };

struct layer {
    enum layer_kind kind;
    int64_t outputs, window; // window of a convolution or pooling
};

struct net {
    const char *name;
    struct shape sample;
    struct layer layers[LAYERS_MOST];
    int64_t batches[6];
};

static const struct net nets[] = {
    {"mlp 30-64-64-2", {1, {30}}, {{DENSE, 64, 0}, {RELU, 0, 0}, {DENSE, 64, 0}, {RELU, 0, 0}, {DENSE, 2, 0}, {END, 0, 0}},
     {1, 8, 32, 128, 512}},
    {"mlp 784-512-512-10", {1, {784}},
     {{DENSE, 512, 0}, {RELU, 0, 0}, {DENSE, 512, 0}, {RELU, 0, 0}, {DENSE, 10, 0}, {END, 0, 0}}, {32, 128, 512}},
    {"lenet5 3x32x32", {3, {3, 32, 32}},
     {{CONVOLUTION, 6, 5}, {RELU, 0, 0}, {POOL, 0, 2}, {CONVOLUTION, 16, 5}, {RELU, 0, 0}, {POOL, 0, 2},
      {DENSE, 120, 0}, {RELU, 0, 0}, {DENSE, 84, 0}, {RELU, 0, 0}, {DENSE, 10, 0}, {END, 0, 0}},
     {8, 64, 512}},
};

// ---- the program of a net -----------------------------------------------------------------------

struct pass {
    struct program program;
    size_t weights;
    value_id input[LAYERS_MOST + 1], output[LAYERS_MOST], weight[LAYERS_MOST], bias[LAYERS_MOST], where[LAYERS_MOST];
};

static struct shape shape4(int64_t a, int64_t b, int64_t c, int64_t d) {
    return (struct shape){.rank = d ? 4 : b ? 2 : 1, .size = {a, b, c, d}};
}

static struct op *add(struct program *p, enum op_kind kind, const struct layer *layer, value_id in0, value_id in1,
                      value_id in2, value_id out) {
    struct op *op = program_op(p, kind);
    op->in[0] = in0;
    op->in[1] = in1;
    op->in[2] = in2;
    op->out[0] = out;
    if (layer->kind == CONVOLUTION) {
        op->attr.convolution.stride[0] = op->attr.convolution.stride[1] = op->attr.convolution.groups = 1;
    } else if (layer->kind == POOL) {
        op->attr.pool.window[0] = op->attr.pool.window[1] = (int)layer->window;
        op->attr.pool.stride[0] = op->attr.pool.stride[1] = (int)layer->window;
    }
    return op;
}

static value_id parameter(struct pass *pass, struct shape shape) {
    value_id id = program_value(&pass->program, SLOT_WEIGHTS, pass->weights, DTYPE_F32, shape);
    pass->weights += (size_t)shape_count(shape);
    return id;
}

static value_id gradient(struct pass *pass, value_id of) {
    struct value value = pass->program.values[of];
    return program_value(&pass->program, SLOT_GRADIENTS, value.offset, DTYPE_F32, value.shape);
}

static value_id flatten(struct pass *pass, value_id x) {
    struct shape shape = pass->program.values[x].shape;
    if (shape.rank == 2) {
        return x;
    }
    value_id flat = program_temporary(&pass->program, DTYPE_F32,
                                      shape4(shape.size[0], shape_count(shape) / shape.size[0], 0, 0));
    add(&pass->program, OP_COPY, &(struct layer){.kind = DENSE}, x, VALUE_NONE, VALUE_NONE, flat);
    return flat;
}

static void add_forward(struct pass *pass, const struct layer *layer, int i) {
    struct program *p = &pass->program;
    value_id x = layer->kind == DENSE ? flatten(pass, pass->input[i]) : pass->input[i];
    struct shape in = p->values[x].shape, out = in;
    pass->input[i] = x;
    if (layer->kind == RELU) {
        pass->output[i] = pass->input[i + 1] = x;
        add(p, OP_ACTIVATION, layer, x, VALUE_NONE, VALUE_NONE, x)->attr.activation = ACTIVATION_RELU;
        return;
    }
    if (layer->kind == POOL) {
        out = shape4(in.size[0], in.size[1], in.size[2] / layer->window, in.size[3] / layer->window);
        pass->output[i] = pass->input[i + 1] = program_temporary(p, DTYPE_F32, out);
        pass->where[i] = program_temporary(p, DTYPE_I32, out);
        add(p, OP_POOL, layer, x, VALUE_NONE, VALUE_NONE, pass->output[i])->out[1] = pass->where[i];
        return;
    }
    bool dense = layer->kind == DENSE;
    out = dense ? shape4(in.size[0], layer->outputs, 0, 0)
                : shape4(in.size[0], layer->outputs, in.size[2] - layer->window + 1, in.size[3] - layer->window + 1);
    pass->weight[i] = parameter(pass, dense ? shape4(layer->outputs, in.size[1], 0, 0)
                                            : shape4(layer->outputs, in.size[1], layer->window, layer->window));
    pass->bias[i] = parameter(pass, shape4(layer->outputs, 0, 0, 0));
    pass->output[i] = pass->input[i + 1] = program_temporary(p, DTYPE_F32, out);
    add(p, dense ? OP_DENSE : OP_CONVOLUTION, layer, x, pass->weight[i], pass->bias[i], pass->output[i]);
}

// The gradient of the layer's result in, that of its input out.
static value_id add_backward(struct pass *pass, const struct layer *layer, int i, value_id dy) {
    struct program *p = &pass->program;
    struct shape in = p->values[pass->input[i]].shape, out = p->values[pass->output[i]].shape;
    if (!shape_equal(p->values[dy].shape, out)) {
        value_id unflat = program_temporary(p, DTYPE_F32, out);
        add(p, OP_COPY, &(struct layer){.kind = DENSE}, dy, VALUE_NONE, VALUE_NONE, unflat);
        dy = unflat;
    }
    if (layer->kind == RELU) {
        add(p, OP_ACTIVATION_GRADIENT, layer, dy, pass->input[i], VALUE_NONE, dy)->attr.activation = ACTIVATION_RELU;
        return dy;
    }
    value_id dx = VALUE_NONE;
    if (layer->kind == POOL) {
        dx = program_temporary(p, DTYPE_F32, in);
        add(p, OP_POOL_GRADIENT, layer, dy, pass->where[i], VALUE_NONE, dx);
        return dx;
    }
    bool dense = layer->kind == DENSE;
    value_id dw = gradient(pass, pass->weight[i]), db = gradient(pass, pass->bias[i]);
    add(p, dense ? OP_DENSE_WEIGHT_GRADIENT : OP_CONVOLUTION_WEIGHT_GRADIENT, layer, pass->input[i], dy, VALUE_NONE, dw)
        ->out[1] = db;
    if (i > 0) {
        dx = program_temporary(p, DTYPE_F32, in);
        add(p, dense ? OP_DENSE_INPUT_GRADIENT : OP_CONVOLUTION_INPUT_GRADIENT, layer, dy, pass->weight[i], VALUE_NONE,
            dx);
    }
    return dx;
}

static void build(struct pass *pass, const struct net *net, int64_t batch) {
    struct program *p = &pass->program;
    const struct layer none = {.kind = END};
    int count = 0;
    p->batch = batch;
    value_id rows = program_value(p, SLOT_ROWS, 0, DTYPE_I32, shape4(batch, 0, 0, 0));
    value_id features = program_value(p, SLOT_FEATURES, 0, DTYPE_F32, shape_batch(ROWS, net->sample));
    value_id labels = program_value(p, SLOT_LABELS, 0, DTYPE_I32, shape4(ROWS, 0, 0, 0));
    value_id label = program_temporary(p, DTYPE_I32, shape4(batch, 0, 0, 0));
    pass->input[0] = program_temporary(p, DTYPE_F32, shape_batch(batch, net->sample));
    add(p, OP_GATHER, &none, rows, features, VALUE_NONE, pass->input[0]);
    add(p, OP_GATHER_LABELS, &none, rows, labels, VALUE_NONE, label);
    for (; net->layers[count].kind != END; count++) {
        add_forward(pass, &net->layers[count], count);
    }
    value_id dy = program_temporary(p, DTYPE_F32, p->values[pass->input[count]].shape);
    add(p, OP_SOFTMAX_CROSS_ENTROPY, &none, pass->input[count], label, VALUE_NONE, dy);
    for (int i = count - 1; i >= 0; i--) {
        dy = add_backward(pass, &net->layers[i], i, dy);
    }
    struct shape all = shape4((int64_t)pass->weights, 0, 0, 0);
    value_id w = program_value(p, SLOT_WEIGHTS, 0, DTYPE_F32, all), g = program_value(p, SLOT_GRADIENTS, 0, DTYPE_F32, all);
    value_id v = program_value(p, SLOT_MOMENT1, 0, DTYPE_F32, all);
    add(p, OP_SGD, &none, w, g, v, VALUE_NONE)->attr.optimizer.norms = true;
}

// ---- measuring ----------------------------------------------------------------------------------

static void need(enum status status, const struct error *error) {
    if (status != STATUS_OK) {
        fprintf(stderr, "bench_backend: %s\n", error->text);
        exit(1);
    }
}

static void fill(struct backend *backend, struct buffer *buffer, enum dtype dtype, size_t count, double scale) {
    struct error error = {0};
    struct rng rng = rng_make(1, RNG_TEST, count);
    float *reals = mem_alloc(count, sizeof *reals);
    int32_t *integers = (int32_t *)reals;
    for (size_t i = 0; reals != NULL && i < count; i++) {
        if (dtype == DTYPE_I32) {
            integers[i] = (int32_t)rng_below(&rng, (uint64_t)scale);
        } else {
            reals[i] = (float)(scale * rng_normal(&rng));
        }
    }
    need(reals != NULL ? backend->api->upload(backend, buffer, 0, count, reals, &error)
                       : error_memory(&error, "a bench", count),
         &error);
    mem_free(reals);
}

static void bind(struct backend *backend, struct binding *binding, enum slot slot, enum dtype dtype, size_t count,
                 double scale) {
    struct error error = {0};
    need(backend->api->allocate(backend, dtype, count, &binding->slots[slot], &error), &error);
    if (scale > 0) {
        fill(backend, binding->slots[slot], dtype, count, scale);
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Median over blocks of steps that are each long enough for the clock, in µs a step.
static double measure(struct backend *backend, struct plan *plan, int64_t batch) {
    struct error error = {0};
    struct step_args args = {.seed = 1, .lr = 0.01, .momentum = 0.9};
    static double times[BLOCKS_MOST];
    size_t count = 0, block = 1;
    for (double begin = clock_now(); clock_now() - begin < SECONDS || count < 3;) {
        double start = clock_now();
        for (size_t i = 0; i < block; i++, args.step++) {
            args.first = (args.step * (size_t)batch) % (size_t)(ROWS - batch);
            need(backend->api->run(backend, plan, &args, &error), &error);
        }
        need(backend->api->sync(backend, &error), &error);
        double took = clock_now() - start;
        if (took < 2e-4) {
            block *= 2; // still too short to time: not counted
        } else if (count < BLOCKS_MOST) {
            times[count++] = took / (double)block * 1e6;
        }
    }
    qsort(times, count, sizeof *times, ascending);
    return times[count / 2];
}

// ---- the peer -----------------------------------------------------------------------------------

static bool peer_matches(const cJSON *row, const char *model, int64_t batch, int threads) {
    const cJSON *name = cJSON_GetObjectItem(row, "model");
    return cJSON_IsString(name) && strcmp(name->valuestring, model) == 0 &&
           cJSON_GetNumberValue(cJSON_GetObjectItem(row, "batch")) == (double)batch &&
           cJSON_GetNumberValue(cJSON_GetObjectItem(row, "threads")) == (double)threads &&
           !cJSON_IsTrue(cJSON_GetObjectItem(row, "bf16"));
}

// The best of the peer's figures for this work, over its thread counts; 0 where there is none.
static double peer_figure(const char *model, int64_t batch, char peer[64]) {
    const char *path = getenv("BATCHLAB_PEERS");
    FILE *file = path != NULL ? fopen(path, "r") : NULL;
    char line[1024];
    double best = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        cJSON *row = cJSON_Parse(line);
        for (int threads = 1; row != NULL && threads <= 256; threads++) {
            double figure = cJSON_GetNumberValue(cJSON_GetObjectItem(row, "us_per_step"));
            if (peer_matches(row, model, batch, threads) && (best == 0 || figure < best)) {
                best = figure;
                snprintf(peer, 64, "%s", cJSON_GetStringValue(cJSON_GetObjectItem(row, "peer")));
            }
        }
        cJSON_Delete(row);
    }
    if (file != NULL) {
        fclose(file);
    }
    return best;
}

static void report(const struct device_info *info, const struct net *net, int64_t batch, double figure, double flops) {
    char peer[64] = "";
    double peer_us = peer_figure(net->name, batch, peer);
    printf("{\"bench\":\"backend step\",\"work\":\"%s\",\"batch\":%lld,\"figure\":%.2f,\"unit\":\"us/step\","
           "\"gflops\":%.1f,",
           net->name, (long long)batch, figure, flops / figure / 1e3);
    if (peer_us > 0) {
        printf("\"peer\":\"%s\",\"peer_figure\":%.1f,\"ratio\":%.2f,", peer, peer_us, peer_us / figure);
    }
    printf("\"device\":\"%s, %s\"}\n", info->name, info->detail);
    fflush(stdout);
}

static void bench(struct backend *backend, const struct net *net, int64_t batch) {
    struct error error = {0};
    struct pass pass = {0};
    struct binding binding = {{0}};
    struct plan *plan = NULL;
    struct device_info info;
    build(&pass, net, batch);
    need(program_check(&pass.program, &error), &error);
    bind(backend, &binding, SLOT_FEATURES, DTYPE_F32, (size_t)(ROWS * shape_count(net->sample)), 1);
    bind(backend, &binding, SLOT_LABELS, DTYPE_I32, ROWS, 2);
    bind(backend, &binding, SLOT_ROWS, DTYPE_I32, ROWS, ROWS);
    bind(backend, &binding, SLOT_WEIGHTS, DTYPE_F32, pass.weights, 0.05);
    bind(backend, &binding, SLOT_GRADIENTS, DTYPE_F32, pass.weights, 0);
    bind(backend, &binding, SLOT_MOMENT1, DTYPE_F32, pass.weights, 0);
    bind(backend, &binding, SLOT_METRICS, DTYPE_F64, METRIC_SLOTS * METRIC_COUNT, 0);
    need(backend->api->prepare(backend, &pass.program, &binding, &plan, &error), &error);
    backend->api->describe(backend, &info);
    report(&info, net, batch, measure(backend, plan, batch), program_flops(&pass.program));
    backend->api->discard(backend, plan);
    for (int i = 0; i < SLOT_COUNT; i++) {
        backend->api->release(backend, binding.slots[i]);
    }
    program_free(&pass.program);
}

int main(int argc, char **argv) {
    (void)argc;
    threads_restart_patient(argv); // as the program does
    const char *name = getenv("BATCHLAB_BENCH_BACKEND"), *threads = getenv("BATCHLAB_BENCH_THREADS");
    struct backend_options options = {.threads = threads != NULL ? atoi(threads) : 0};
    struct backend *backend = NULL;
    struct error error = {0};
    need(backend_open(name != NULL ? name : "cpu", &options, &backend, &error), &error);
    for (size_t n = 0; n < sizeof nets / sizeof *nets; n++) {
        for (int i = 0; i < 6 && nets[n].batches[i] > 0; i++) {
            bench(backend, &nets[n], nets[n].batches[i]);
        }
    }
    backend_close(backend);
    return 0;
}
