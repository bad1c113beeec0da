#include "views/runs_tree.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

#define DEPTH_DRAWN 12 // deeper branches stand below one another

bool runs_tree_is_folded(const struct runs_tree *tree, int64_t id) {
    for (size_t i = 0; i < tree->folded_count; i++)
        if (tree->folded[i] == id)
            return true;
    return false;
}

void runs_tree_fold(struct runs_tree *tree, int64_t id) {
    for (size_t i = 0; i < tree->folded_count; i++)
        if (tree->folded[i] == id) {
            tree->folded[i] = tree->folded[--tree->folded_count];
            return;
        }
    if (tree->folded_count == RUNS_FOLDED_MOST) // the oldest unfolds
        memmove(tree->folded, tree->folded + 1, --tree->folded_count * sizeof *tree->folded);
    tree->folded[tree->folded_count++] = id;
}

void runs_tree_free(struct runs_tree *tree) {
    mem_free(tree->branches);
    tree->branches = NULL;
    tree->capacity = 0;
}

// Runs come newest first: by falling numbers.
static size_t index_of(const struct run_record *runs, size_t count, int64_t id) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (runs[middle].id > id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && runs[low].id == id ? low : SIZE_MAX;
}

// A parent is older than its child, so there are no circles.
static size_t parent_of(const struct runs_tree *tree, const struct run_record *runs, size_t count, size_t index) {
    int64_t id = runs[index].parent;
    size_t parent = id > 0 && id < runs[index].id ? index_of(runs, count, id) : SIZE_MAX;
    return parent != SIZE_MAX && tree->branches[parent].listed ? parent : SIZE_MAX;
}

// The last row comes first, so that every list of siblings begins with its first one. Returns the first at the left.
static size_t link_branches(struct runs_tree *tree, const struct run_record *runs, size_t run_count, const size_t *rows,
                            size_t count) {
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < run_count; i++)
        tree->branches[i] = (struct runs_branch){.parent = SIZE_MAX, .child = SIZE_MAX, .next = SIZE_MAX};
    for (size_t i = 0; i < count; i++)
        tree->branches[rows[i]].listed = true;
    for (size_t i = count; i-- > 0;) {
        struct runs_branch *branch = &tree->branches[rows[i]];
        branch->parent = parent_of(tree, runs, run_count, rows[i]);
        size_t *head = branch->parent == SIZE_MAX ? &first : &tree->branches[branch->parent].child;
        branch->last = *head == SIZE_MAX;
        branch->next = *head;
        *head = rows[i];
    }
    return first;
}

// The next run after this one and all below it.
static size_t next_beside(const struct runs_tree *tree, size_t at) {
    while (at != SIZE_MAX && tree->branches[at].next == SIZE_MAX)
        at = tree->branches[at].parent;
    return at == SIZE_MAX ? SIZE_MAX : tree->branches[at].next;
}

// Depth first. Below a folded run nothing is listed, but counted.
static size_t walk(struct runs_tree *tree, const struct run_record *runs, size_t first, size_t *rows) {
    size_t count = 0, under = SIZE_MAX; // the folded run that the walk is below of
    tree->deepest = 0;
    for (size_t at = first; at != SIZE_MAX;) {
        struct runs_branch *branch = &tree->branches[at];
        branch->depth = branch->parent == SIZE_MAX ? 0 : tree->branches[branch->parent].depth + 1;
        if (under != SIZE_MAX && branch->depth <= tree->branches[under].depth)
            under = SIZE_MAX;
        if (under == SIZE_MAX) {
            rows[count++] = at;
            tree->deepest = branch->depth > tree->deepest ? branch->depth : tree->deepest;
            if (runs_tree_is_folded(tree, runs[at].id))
                under = at;
        } else {
            tree->branches[under].hidden++;
        }
        at = branch->child != SIZE_MAX ? branch->child : next_beside(tree, at);
    }
    return count;
}

bool runs_tree_order(struct runs_tree *tree, const struct run_record *runs, size_t run_count, size_t *rows, size_t *count) {
    if (!vec_reserve(&tree->branches, &tree->capacity, run_count + 1, sizeof *tree->branches))
        return false;
    *count = walk(tree, runs, link_branches(tree, runs, run_count, rows, *count), rows);
    return true;
}

void runs_tree_label(const struct runs_tree *tree, const struct run_record *runs, size_t index, char *out, size_t size) {
    const struct runs_branch *branch = &tree->branches[index];
    int depth = (int)(branch->depth < DEPTH_DRAWN ? branch->depth : DEPTH_DRAWN);
    const char *twig = depth == 0 ? "" : branch->last ? "└ " : "├ ";
    const struct run_record *run = &runs[index];
    int used = snprintf(out, size, "%*s%s%lld", depth > 0 ? 2 * (depth - 1) : 0, "", twig, (long long)run->id);
    if (branch->parent != SIZE_MAX && used > 0 && (size_t)used < size)
        used += snprintf(out + used, size - (size_t)used, " @%llu", (unsigned long long)run->begun);
    if (branch->hidden > 0 && used > 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, " +%zu", branch->hidden);
}
