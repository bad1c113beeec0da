#include "core/nn/model_file.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/nn/build.h"

#define DEPTH_MOST 16
#define FILE_MOST ((size_t)1 << 20) // bytes
#define LINE_MOST 512

struct block {  // a residual block that is not closed yet
    int around; // where the second way stands: the layer before the block, later the shortcut's last
    int end;    // last layer of the first way; -2 until `shortcut`
    int before; // the layer before the block
    int line;
};

struct reader {
    struct model *model;
    const char *name;
    char line[LINE_MOST]; // cut into words
    int number, column;   // of the word at hand, from 1
    char *next, *end;     // where the rest of the line begins, where it ends
    struct block blocks[DEPTH_MOST];
    int depth;
    int last; // the layer that the next one reads; -1: the sample
    struct error *error;
};

static enum status __attribute__((format(printf, 2, 3))) refuse(struct reader *r, const char *format, ...) {
    char text[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return error_set(r->error, STATUS_INVALID, "%s line %d, column %d: %s", r->name, r->number, r->column, text);
}

// ---- words --------------------------------------------------------------------------------------

// The next word of the line, or NULL at its end; `column` is where it begins.
static char *word(struct reader *r) {
    while (r->next < r->end && isspace((unsigned char)*r->next)) {
        r->next++;
    }
    r->column = (int)(r->next - r->line) + 1;
    if (r->next == r->end) {
        return NULL;
    }
    char *start = r->next;
    while (r->next < r->end && !isspace((unsigned char)*r->next)) {
        r->next++;
    }
    if (r->next < r->end) {
        *r->next++ = '\0';
    }
    return start;
}

static enum status need(struct reader *r, const char *what, char **found) {
    *found = word(r);
    return *found != NULL ? STATUS_OK : refuse(r, "%s is missing", what);
}

static enum status read_integer(struct reader *r, const char *what, int64_t low, int64_t *value) {
    char *text;
    if (need(r, what, &text)) {
        return r->error->status;
    }
    if (!integer_parse(text, value) || *value < low || *value > INT32_MAX) {
        return refuse(r, "%s %s: a whole number from %lld on is needed", what, text, (long long)low);
    }
    return STATUS_OK;
}

static enum status read_real(struct reader *r, const char *what, double *value) {
    char *text;
    if (need(r, what, &text)) {
        return r->error->status;
    }
    return number_parse(text, value) ? STATUS_OK : refuse(r, "%s %s: a number is needed", what, text);
}

// "3" or "3x5": height and width.
static enum status read_pair(struct reader *r, const char *what, int64_t low, int pair[2]) {
    char *text, *cross;
    int64_t sides[2];
    if (need(r, what, &text)) {
        return r->error->status;
    }
    char copy[32];
    snprintf(copy, sizeof copy, "%s", text);
    cross = strchr(copy, 'x');
    if (cross != NULL) {
        *cross = '\0';
    }
    bool good = integer_parse(copy, &sides[0]) && integer_parse(cross != NULL ? cross + 1 : copy, &sides[1]);
    for (int i = 0; i < 2; i++) {
        if (!good || sides[i] < low || sides[i] > 65536) {
            return refuse(r, "%s %s: a size such as 3 or 3x5, from %lld to 65536, is needed", what, text,
                          (long long)low);
        }
        pair[i] = (int)sides[i];
    }
    return STATUS_OK;
}

static enum status unknown(struct reader *r, const char *text, const char *known) {
    return refuse(r, "%s is not a setting of this layer; %s", text, known);
}

static enum status no_more(struct reader *r) {
    char *text = word(r);
    return text == NULL ? STATUS_OK : refuse(r, "%s: nothing more was expected on this line", text);
}

// ---- layers -------------------------------------------------------------------------------------

static enum status add(struct reader *r, struct layer layer) {
    int column = r->column;
    layer.input = r->last;
    layer.other = -2;
    enum status status = model_add(r->model, layer, r->error);
    if (status == STATUS_INVALID) {
        char text[ERROR_TEXT_SIZE];
        snprintf(text, sizeof text, "%s", r->error->text);
        r->column = column;
        return error_set(r->error, STATUS_INVALID, "%s line %d: %.400s", r->name, r->number, text);
    }
    r->last = status ? r->last : (int)r->model->count - 1;
    return status;
}

static enum status read_conv(struct reader *r, const char *kind) {
    (void)kind;
    struct layer layer = {.kind = &layer_convolution,
                          .setting.convolution = {.stride = {1, 1}, .groups = 1, .bias = true}};
    int64_t filters, groups;
    enum status status = read_integer(r, "the number of filters", 1, &filters);
    status = status ? status : read_pair(r, "the filter's size", 1, layer.setting.convolution.kernel);
    layer.setting.convolution.filters = status ? 0 : filters;
    for (char *text = status ? NULL : word(r); !status && text != NULL; text = status ? NULL : word(r)) {
        if (text_equal(text, "stride")) {
            status = read_pair(r, "the stride", 1, layer.setting.convolution.stride);
        } else if (text_equal(text, "padding")) {
            status = read_pair(r, "the padding", 0, layer.setting.convolution.padding);
        } else if (text_equal(text, "groups")) {
            status = read_integer(r, "the number of groups", 1, &groups);
            layer.setting.convolution.groups = status ? 1 : (int)groups;
        } else if (text_equal(text, "no-bias")) {
            layer.setting.convolution.bias = false;
        } else if (text_equal(text, "start")) {
            char *how;
            status = need(r, "how weights start", &how);
            if (!status && !text_equal(how, "he") && !text_equal(how, "dirac")) {
                status = refuse(r, "start %s: he or dirac is needed", how);
            } else if (!status) {
                layer.setting.convolution.start = text_equal(how, "he") ? START_HE_FAN_OUT : START_DIRAC;
            }
        } else {
            status = unknown(r, text, "stride, padding, groups, no-bias and start are");
        }
    }
    return status ? status : add(r, layer);
}

static enum status read_dense(struct reader *r, const char *kind) {
    (void)kind;
    struct layer layer = {.kind = &layer_dense, .setting.dense = {.bias = true}};
    char *text;
    if (need(r, "the number of outputs", &text)) {
        return r->error->status;
    }
    if (text_equal(text, "outputs")) {
        layer.setting.dense.outputs = r->model->outputs;
    } else if (!integer_parse(text, &layer.setting.dense.outputs) || layer.setting.dense.outputs < 1 ||
               layer.setting.dense.outputs > INT32_MAX) {
        return refuse(r, "%s: a whole number from 1 on, or the word outputs, is needed", text);
    }
    while ((text = word(r)) != NULL) {
        if (!text_equal(text, "no-bias")) {
            return unknown(r, text, "no-bias is");
        }
        layer.setting.dense.bias = false;
    }
    return add(r, layer);
}

static enum status read_embedding(struct reader *r, const char *kind) {
    int64_t width = 0;
    char *text = word(r);
    (void)kind;
    if (text != NULL && !text_equal(text, "width")) {
        return unknown(r, text, "width is");
    }
    enum status status = text != NULL ? read_integer(r, "the width", 1, &width) : STATUS_OK;
    status = status || text == NULL ? status : no_more(r);
    if (!status && r->model->count > 0) {
        r->column = 1;
        status = refuse(r, "embedding has to be the first layer: it reads the columns of the data");
    }
    if (status) {
        return status;
    }
    status = append_embeddings(r->model, width, r->error);
    r->last = (int)r->model->count - 1;
    if (status == STATUS_INVALID) {
        char why[ERROR_TEXT_SIZE];
        snprintf(why, sizeof why, "%s", r->error->text);
        return error_set(r->error, STATUS_INVALID, "%s line %d: %.400s", r->name, r->number, why);
    }
    return status;
}

static enum status read_pool(struct reader *r, const char *kind) {
    struct layer layer = {.kind = &layer_pool};
    layer.setting.pool.kind = text_equal(kind, "max_pool") ? POOL_MAX : POOL_AVERAGE;
    snprintf(layer.name, sizeof layer.name, "%s", kind);
    enum status status = read_pair(r, "the window", 1, layer.setting.pool.window);
    memcpy(layer.setting.pool.stride, layer.setting.pool.window, sizeof layer.setting.pool.stride);
    for (char *text = status ? NULL : word(r); !status && text != NULL; text = status ? NULL : word(r)) {
        if (text_equal(text, "stride")) {
            status = read_pair(r, "the stride", 1, layer.setting.pool.stride);
        } else if (text_equal(text, "padding")) {
            status = read_pair(r, "the padding", 0, layer.setting.pool.padding);
        } else {
            status = unknown(r, text, "stride and padding are");
        }
    }
    return status ? status : add(r, layer);
}

static enum status read_batch_norm(struct reader *r, const char *kind) {
    (void)kind;
    struct layer layer = {.kind = &layer_batch_norm,
                          .setting.batch_norm = {.epsilon = NORM_EPSILON, .momentum = NORM_MOMENTUM}};
    enum status status = STATUS_OK;
    for (char *text = word(r); !status && text != NULL; text = status ? NULL : word(r)) {
        if (text_equal(text, "epsilon")) {
            status = read_real(r, "epsilon", &layer.setting.batch_norm.epsilon);
        } else if (text_equal(text, "momentum")) {
            status = read_real(r, "momentum", &layer.setting.batch_norm.momentum);
        } else if (text_equal(text, "fixed-scale")) {
            layer.setting.batch_norm.fixed_scale = true;
        } else {
            status = unknown(r, text, "epsilon, momentum and fixed-scale are");
        }
    }
    return status ? status : add(r, layer);
}

static enum status read_number_layer(struct reader *r, const char *kind) {
    struct layer layer = {.kind = text_equal(kind, "dropout") ? &layer_dropout : &layer_scale};
    double value;
    enum status status = read_real(r, text_equal(kind, "dropout") ? "the share dropped" : "the factor", &value);
    status = status ? status : no_more(r);
    if (status) {
        return status;
    }
    if (text_equal(kind, "dropout")) {
        layer.setting.dropout = value;
    } else {
        layer.setting.factor = value;
    }
    return add(r, layer);
}

static enum status read_bare(struct reader *r, const char *kind) {
    struct layer layer = {.kind = &layer_activation};
    if (no_more(r)) {
        return r->error->status;
    }
    if (text_equal(kind, "flatten")) {
        layer.kind = &layer_flatten;
    } else if (text_equal(kind, "layer_norm")) {
        layer.kind = &layer_layer_norm;
    } else if (text_starts(kind, "global_")) {
        layer.kind = &layer_global_pool;
        layer.setting.pool.kind = text_equal(kind, "global_max_pool") ? POOL_MAX : POOL_AVERAGE;
    } else {
        activation_parse(kind, &layer.setting.activation);
        snprintf(layer.name, sizeof layer.name, "%s", kind);
    }
    return add(r, layer);
}

// ---- residual blocks ----------------------------------------------------------------------------

static enum status read_residual(struct reader *r, const char *kind) {
    (void)kind;
    if (no_more(r)) {
        return r->error->status;
    }
    if (r->depth == DEPTH_MOST) {
        return refuse(r, "blocks lie in each other more than %d deep", DEPTH_MOST);
    }
    r->blocks[r->depth++] = (struct block){.around = r->last, .end = -2, .before = r->last, .line = r->number};
    return STATUS_OK;
}

static enum status read_shortcut(struct reader *r, const char *kind) {
    (void)kind;
    struct block *block = r->depth > 0 ? &r->blocks[r->depth - 1] : NULL;
    if (block == NULL || block->end != -2) {
        return refuse(r, "shortcut belongs once into a block that residual begins");
    }
    if (no_more(r)) {
        return r->error->status;
    }
    block->end = r->last;
    r->last = block->before;
    return STATUS_OK;
}

static enum status read_end(struct reader *r, const char *kind) {
    (void)kind;
    if (r->depth == 0) {
        return refuse(r, "end closes no block; residual begins one");
    }
    if (no_more(r)) {
        return r->error->status;
    }
    struct block block = r->blocks[--r->depth];
    int first = block.end == -2 ? r->last : block.end, second = block.end == -2 ? block.around : r->last;
    if (first == second) {
        return refuse(r, "the block that begins on line %d is empty", block.line);
    }
    struct layer layer = {.kind = &layer_add, .input = first, .other = second};
    enum status status = model_add(r->model, layer, r->error);
    if (status == STATUS_INVALID) {
        char text[ERROR_TEXT_SIZE];
        snprintf(text, sizeof text, "%s", r->error->text);
        return error_set(r->error, STATUS_INVALID, "%s line %d: %.400s", r->name, r->number, text);
    }
    r->last = (int)r->model->count - 1;
    return status;
}

// ---- lines --------------------------------------------------------------------------------------

static const struct line_kind {
    const char *name;
    enum status (*read)(struct reader *r, const char *kind);
} kinds[] = {
    {"conv", read_conv},
    {"dense", read_dense},
    {"embedding", read_embedding},
    {"max_pool", read_pool},
    {"average_pool", read_pool},
    {"global_average_pool", read_bare},
    {"global_max_pool", read_bare},
    {"batch_norm", read_batch_norm},
    {"layer_norm", read_bare},
    {"relu", read_bare},
    {"tanh", read_bare},
    {"sigmoid", read_bare},
    {"gelu", read_bare},
    {"silu", read_bare},
    {"dropout", read_number_layer},
    {"scale", read_number_layer},
    {"flatten", read_bare},
    {"residual", read_residual},
    {"shortcut", read_shortcut},
    {"end", read_end},
};

static enum status unknown_layer(struct reader *r, const char *text) {
    struct text_nearest nearest = text_nearest_of(text);
    char hint[TEXT_HINT_SIZE];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        text_nearest_try(&nearest, kinds[i].name);
    return refuse(r, "there is no layer %.40s; %s", text, text_nearest_hint(&nearest, hint));
}

static enum status read_line(struct reader *r) {
    char *comment = strchr(r->line, '#');
    r->end = comment != NULL ? comment : r->line + strlen(r->line);
    r->next = r->line;
    *r->end = '\0';
    const char *kind = word(r);
    if (kind == NULL) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (text_equal(kind, kinds[i].name)) {
            return kinds[i].read(r, kind);
        }
    }
    return unknown_layer(r, kind);
}

static enum status check_end(struct reader *r) {
    const struct model *model = r->model;
    char text[64];
    if (r->depth > 0) {
        r->number = r->blocks[r->depth - 1].line;
        r->column = 1;
        return refuse(r, "the block that begins here has no end");
    }
    if (model->count == 0) {
        return error_set(r->error, STATUS_INVALID, "%s: there is no layer in it", r->name);
    }
    struct shape out = model->layers[model->count - 1].out;
    if (out.rank != 1 || out.size[0] != model->outputs) {
        return error_set(r->error, STATUS_INVALID,
                         "%s: the last layer gives %s where the data need %lld; end with flatten and dense outputs",
                         r->name, shape_text(out, text), (long long)model->outputs);
    }
    return STATUS_OK;
}

enum status model_parse(struct model *model, const char *name, const char *text, struct error *error) {
    struct reader r = {.model = model, .name = name, .last = -1, .error = error};
    enum status status = STATUS_OK;
    while (status == STATUS_OK && *text != '\0') {
        size_t length = strcspn(text, "\n");
        r.number++;
        r.column = 1;
        if (length >= sizeof r.line) {
            return refuse(&r, "the line is longer than %d bytes", LINE_MOST - 1);
        }
        memcpy(r.line, text, length);
        r.line[length] = '\0';
        status = read_line(&r);
        text += length + (text[length] == '\n');
    }
    return status ? status : check_end(&r);
}

enum status model_read(struct model *model, const char *path, struct error *error) {
    char *text = NULL;
    size_t size = 0;
    enum status status = file_read(path, FILE_MOST, &text, &size, error);
    if (status) {
        return status;
    }
    if (strlen(text) != size) {
        status = error_set(error, STATUS_INVALID, "%s is not a text file: it has a zero byte", path);
    }
    status = status ? status : model_parse(model, path_base(path), text, error);
    mem_free(text);
    return status;
}

bool model_file_embeds(const char *path) {
    static const char name[] = "embedding";
    char *text = NULL;
    size_t size = 0;
    struct error error;
    bool found = false;
    if (file_read(path, FILE_MOST, &text, &size, &error)) {
        return false;
    }
    for (const char *line = text; line != NULL && !found; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *word_at = line + strspn(line, " \t\r");
        char behind = text_starts(word_at, name) ? word_at[sizeof name - 1] : 'x';
        found = behind == '\0' || behind == '#' || isspace((unsigned char)behind);
    }
    mem_free(text);
    return found;
}
