// Runs as a tree: every run below the one it was forked from or resumed. A run whose parent is not shown stands at the
// left; siblings keep the order they come in. Owns its scratch; runs_tree_free. Main thread.
#ifndef VIEWS_RUNS_TREE_H
#define VIEWS_RUNS_TREE_H

#include "core/session.h"

#define RUNS_FOLDED_MOST 64

struct runs_tree {
    bool shown;
    int64_t folded[RUNS_FOLDED_MOST]; // ids whose descendants are not shown
    size_t folded_count;
    struct runs_branch { // of a run of the snapshot, by its index
        size_t parent, child, next; // indices; SIZE_MAX: none
        size_t depth, hidden;       // 0 at the left; descendants that folding hides
        bool listed, last;          // passes the filter; the last of its siblings
    } *branches;
    size_t capacity;
    size_t deepest; // of those shown
};

// Puts rows[0 … *count-1], indices into runs[0 … run_count-1] (newest first, as the store lists them), in the order of
// the tree, and leaves out what is folded away. False: no memory, and nothing has changed.
bool runs_tree_order(struct runs_tree *tree, const struct run_record *runs, size_t run_count, size_t *rows, size_t *count);
void runs_tree_fold(struct runs_tree *tree, int64_t id); // or unfold
bool runs_tree_is_folded(const struct runs_tree *tree, int64_t id);
// "12", "  └ 14 @1270", "  └ 14 @1270 +3": the number of a run with its place in the tree, the step of its parent that it
// began at, and how many runs are folded away below it.
void runs_tree_label(const struct runs_tree *tree, const struct run_record *runs, size_t index, char *out, size_t size);
void runs_tree_free(struct runs_tree *tree);

#endif
