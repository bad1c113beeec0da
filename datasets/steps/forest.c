#include "datasets/steps/forest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/crew.h"
#include "core/base/mem.h"
#include "core/base/rng.h"
#include "core/base/str.h"

enum { DEEPEST = 64 }; // trees of a file may be no deeper

double forest_way(size_t rows) {
    double n = (double)rows;
    if (rows <= 1)
        return 0;
    if (rows == 2)
        return 1;
    return 2 * (log(n - 1) + 0.57721566490153286061) - 2 * (n - 1) / n;
}

// ---- growing ----

struct growing {
    struct forest *forest;
    double *samples;
    size_t deepest;
    uint64_t seed;
};
struct tree_work {
    struct forest_tree *tree;
    size_t columns, deepest;
    struct rng rng;
    uint32_t *varying; // [columns]: room
};

// A column whose values differ, and the range of them; false when all rows are equal.
static bool choose_column(struct tree_work *work, const double *rows, size_t count, uint32_t *column, double *low,
                          double *high) {
    size_t found = 0;
    for (uint32_t c = 0; c < work->columns; c++) {
        bool varies = false;
        for (size_t i = 1; i < count && !varies; i++)
            varies = rows[i * work->columns + c] != rows[c];
        if (varies)
            work->varying[found++] = c;
    }
    if (found == 0)
        return false;
    *column = work->varying[rng_below(&work->rng, found)];
    *low = *high = rows[*column];
    for (size_t i = 1; i < count; i++) {
        *low = fmin(*low, rows[i * work->columns + *column]);
        *high = fmax(*high, rows[i * work->columns + *column]);
    }
    return true;
}

static void swap_rows(double *a, double *b, size_t columns) {
    for (size_t i = 0; i < columns; i++) {
        double kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

// Rows at most `split` to the front; returns how many.
static size_t divide(const struct tree_work *work, double *rows, size_t count, uint32_t column, double split) {
    size_t left = 0, columns = work->columns;
    for (size_t i = 0; i < count; i++) {
        if (rows[i * columns + column] <= split)
            swap_rows(rows + i * columns, rows + left++ * columns, columns);
    }
    return left;
}

static void grow(struct tree_work *work, double *rows, size_t count, size_t depth) {
    struct forest_tree *tree = work->tree;
    size_t at = tree->count++;
    uint32_t column = 0;
    double low = 0, high = 0;
    if (count <= 1 || depth >= work->deepest || !choose_column(work, rows, count, &column, &low, &high)) {
        tree->nodes[at] = (struct forest_node){.split = forest_way(count), .size = (uint32_t)count};
        return;
    }
    double share = rng_uniform(&work->rng), split = low * (1 - share) + high * share;
    if (!(split < high)) // rounded up to it
        split = low;
    split = fmax(split, low);
    size_t left = divide(work, rows, count, column, split);
    grow(work, rows, left, depth + 1);
    tree->nodes[at] = (struct forest_node){.split = split, .column = column, .right = (uint32_t)tree->count};
    grow(work, rows + left * work->columns, count - left, depth + 1);
}

static enum status grow_tree(void *context, size_t piece, struct error *error) {
    const struct growing *growing = context;
    struct forest *forest = growing->forest;
    struct tree_work work = {.tree = &forest->trees[piece],
                             .columns = forest->columns,
                             .deepest = growing->deepest,
                             .rng = rng_make(growing->seed, RNG_FOREST, piece)};
    work.varying = mem_alloc(forest->columns + 1, sizeof *work.varying);
    work.tree->nodes = mem_alloc(2 * forest->sample + 1, sizeof *work.tree->nodes);
    if (work.varying != NULL && work.tree->nodes != NULL)
        grow(&work, growing->samples + piece * forest->sample * forest->columns, forest->sample, 0);
    mem_free(work.varying);
    return work.tree->count > 0 ? STATUS_OK
                                : error_memory(error, "a tree", 2 * forest->sample * sizeof *work.tree->nodes);
}

enum status forest_grow(struct forest *forest, double *samples, size_t trees, size_t sample, size_t columns,
                        uint64_t seed, struct task *task, struct error *error) {
    struct growing growing = {forest, samples, 0, seed};
    forest->trees = mem_alloc(trees + 1, sizeof *forest->trees);
    if (forest->trees == NULL)
        return error_memory(error, "a forest", trees * sizeof *forest->trees);
    forest->tree_count = trees;
    forest->sample = sample;
    forest->columns = columns;
    while ((size_t)1 << growing.deepest < sample) // ceil(log2(sample))
        growing.deepest++;
    enum status status = crew_run(trees, 0, grow_tree, &growing, task, error);
    if (status != STATUS_OK)
        forest_free(forest);
    return status;
}

void forest_free(struct forest *forest) {
    for (size_t i = 0; forest->trees != NULL && i < forest->tree_count; i++)
        mem_free(forest->trees[i].nodes);
    mem_free(forest->trees);
    *forest = (struct forest){0};
}

// ---- scoring ----

static double way(const struct forest_node *nodes, const double *row) {
    size_t at = 0, cuts = 0;
    for (; nodes[at].right != 0; cuts++)
        at = row[nodes[at].column] <= nodes[at].split ? at + 1 : nodes[at].right;
    return (double)cuts + nodes[at].split;
}

// A tree at a time, so that it stays in the cache.
void forest_score(const struct forest *forest, const double *rows, size_t count, double *scores) {
    double whole = forest_way(forest->sample);
    memset(scores, 0, count * sizeof *scores);
    for (size_t i = 0; i < forest->tree_count; i++) {
        for (size_t row = 0; row < count; row++)
            scores[row] += way(forest->trees[i].nodes, rows + row * forest->columns);
    }
    for (size_t row = 0; row < count; row++)
        scores[row] = whole > 0 ? exp2(-scores[row] / (double)forest->tree_count / whole) : 0.5;
}

// ---- saving ----

static cJSON *tree_text(const struct forest_tree *tree) {
    struct str text = {0};
    char number[32];
    for (size_t i = 0; i < tree->count; i++) {
        const struct forest_node *node = &tree->nodes[i];
        if (i > 0)
            str_add_char(&text, ' ');
        if (node->right == 0)
            str_format(&text, ". %u", (unsigned)node->size);
        else
            str_format(&text, "%u %s", (unsigned)node->column, number_text(node->split, number));
    }
    cJSON *made = text.failed ? NULL : cJSON_CreateString(str_text(&text));
    str_free(&text);
    return made;
}

enum status forest_save(const struct forest *forest, cJSON *object, struct error *error) {
    cJSON *trees = cJSON_AddArrayToObject(object, "trees");
    bool added = trees != NULL && cJSON_AddNumberToObject(object, "sample", (double)forest->sample) != NULL;
    for (size_t i = 0; i < forest->tree_count && added; i++) {
        cJSON *text = tree_text(&forest->trees[i]);
        added = text != NULL && cJSON_AddItemToArray(trees, text);
    }
    return added ? STATUS_OK : error_memory(error, "a saved forest", forest->tree_count);
}

// ---- loading ----

struct reading {
    const char *text;
    struct forest_tree *tree;
    size_t capacity, columns;
};

static bool next_number(struct reading *reading, double *value) {
    char word[40];
    size_t length = strcspn(reading->text, " ");
    if (length == 0 || length >= sizeof word)
        return false;
    memcpy(word, reading->text, length);
    word[length] = '\0';
    reading->text += length + (reading->text[length] == ' ');
    return number_parse(word, value) && isfinite(*value);
}

// A node and those below it. False when the text is no tree, or memory has run out.
static bool read_node(struct reading *reading, size_t depth) {
    struct forest_tree *tree = reading->tree;
    size_t at = tree->count;
    double first = 0, second = 0;
    if (depth > DEEPEST || !vec_reserve(&tree->nodes, &reading->capacity, at + 1, sizeof *tree->nodes))
        return false;
    bool leaf = reading->text[0] == '.' && reading->text[1] == ' ';
    reading->text += leaf ? 2 : 0;
    if ((!leaf && !next_number(reading, &first)) || !next_number(reading, &second))
        return false;
    tree->count++;
    tree->nodes[at] = (struct forest_node){0};
    double whole = leaf ? second : first;
    if (whole < 0 || whole != floor(whole) || whole > UINT32_MAX || (!leaf && first >= (double)reading->columns))
        return false;
    if (leaf) {
        tree->nodes[at].size = (uint32_t)second;
        tree->nodes[at].split = forest_way(tree->nodes[at].size);
        return true;
    }
    if (!read_node(reading, depth + 1))
        return false;
    struct forest_node node = {.split = second, .column = (uint32_t)first, .right = (uint32_t)tree->count};
    tree->nodes[at] = node;
    return read_node(reading, depth + 1);
}

static enum status read_trees(struct forest *forest, const cJSON *trees, struct error *error) {
    const cJSON *item;
    forest->trees = mem_alloc((size_t)cJSON_GetArraySize(trees) + 1, sizeof *forest->trees);
    if (forest->trees == NULL)
        return error_memory(error, "a forest", sizeof *forest->trees);
    cJSON_ArrayForEach(item, trees) {
        struct reading reading = {.text = cJSON_IsString(item) ? item->valuestring : "",
                                  .tree = &forest->trees[forest->tree_count++],
                                  .columns = forest->columns};
        if (!read_node(&reading, 0) || *reading.text != '\0')
            return error_set(error, STATUS_INVALID, "tree %zu of \"trees\" cannot be read", forest->tree_count);
    }
    return STATUS_OK;
}

enum status forest_load(struct forest *forest, const cJSON *object, size_t columns, struct error *error) {
    const cJSON *trees = cJSON_GetObjectItemCaseSensitive(object, "trees");
    const cJSON *sample = cJSON_GetObjectItemCaseSensitive(object, "sample");
    if (!cJSON_IsArray(trees) || trees->child == NULL)
        return error_set(error, STATUS_INVALID, "\"trees\" must be an array of at least one text");
    if (!cJSON_IsNumber(sample) || !(sample->valuedouble >= 1 && sample->valuedouble <= UINT32_MAX))
        return error_set(error, STATUS_INVALID, "\"sample\" must be a number of rows");
    forest->sample = (size_t)sample->valuedouble;
    forest->columns = columns;
    enum status status = read_trees(forest, trees, error);
    if (status != STATUS_OK)
        forest_free(forest);
    return status;
}
