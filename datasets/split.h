// Which rows train, validate and test. Every row of the data as read lies in exactly one part; which one
// depends on the settings, the seed and the columns that the kind of split reads, on nothing else, so the
// same settings give the same split again. Made before any step is fitted. split_make may be called on any
// thread; a split owns its parts, split_free.
//
// Kinds. n is the number of rows whose target is known; a share takes ceil(share·n) of them. Rows without a
// target train (they have no label, but steps may learn from them) unless a column says where they belong.
//   auto         the loader's own test part where there is one (given), else stratified for classes (a class
//                with one row trains) and random for numbers
//   given        the loader's test part is the validation part and nothing is taken from training, or the
//                test part when `test` > 0 or there are folds
//   stratified   per class the floor of its share, then the largest remainders (ties: the earlier class); a
//                class with one row is refused
//   random       shuffled
//   group        all rows of one value of `column` lie in the same part, whose size is as near to the share as
//                whole groups allow (subset sums; ties: the smaller part); rows without a value are one group
//   stratified_group   the same, and the classes have about the same shares in every part (greedy, as
//                scikit-learn's StratifiedGroupKFold does it for folds)
//   time         in the order of `column` (dates or numbers) the last rows test and those before validate; rows
//                of the same moment stay together, so a size may differ from the share, which is said; rows
//                without a moment train. Without a column: ordered
//   ordered      as time, in the order of the file
//   column       as `column` says: train, training; validation, valid, val; test; or 0, 1, 2
// Folds, when `folds` > 1: the test part is taken first, the rest falls into `folds` folds that partition it,
// and fold number `fold` validates. Sizes as in scikit-learn: KFold for random, StratifiedKFold for stratified,
// GroupKFold for group (largest group first into the lightest fold; ties of groups: by the seed),
// StratifiedGroupKFold. `validation` is not used then. Not for time and ordered: they would train on what
// comes after the rows that they are measured on.
#ifndef DATASETS_SPLIT_H
#define DATASETS_SPLIT_H

#include "core/params.h"
#include "core/train/source.h"
#include "datasets/dataset.h"

const char *part_name(enum part part); // "train", "validation", "test"

struct split {
    uint8_t *part; // [rows of the data as read] enum part
    size_t rows;
    char how[160];  // in words: "stratified by class", "fold 2 of 5, groups of patient"
    char note[256]; // a sentence on what is not as asked ("3 rows more … lie at the same moment"), or ""
    char *left_out; // name of the column that tells the parts or groups: no feature; NULL = none
};

struct split_settings {
    const char *kind;   // as above
    const char *column; // of group, stratified_group, time, column; "" = none
    double validation, test;
    uint64_t seed;
    size_t folds, fold; // 0 or 1 folds: one split by the shares; `fold` counts from 1
};
// What the parameters of a run say; points into them.
struct split_settings split_settings_of(const struct train_params *params);

enum status split_make(const struct dataset *dataset, const struct split_settings *settings, struct split *split,
                       struct task *task, struct error *error);
void split_free(struct split *split);

// The split of the same data once rows were added at its end: the first old->rows rows keep their parts, whatever
// became of the shares; a later row's part follows from the settings, the seed, its place and cells, and the parts of
// the rows before it, so that it is the same in however many pieces the rows came. Random and stratified: every row
// is drawn by itself, with the shares (or folds) as chances. Groups: a group that is known keeps its part, a new one
// is drawn. time: a row lies where its moment falls among the parts that are there, so one that is later than all
// never trains; ordered: with the last part that has rows. column: as it says. Refused for images, and for fewer rows.
enum status split_grow(const struct dataset *dataset, const struct split_settings *settings, const struct split *old,
                       struct split *split, struct task *task, struct error *error);

// The data as the pipeline is to see it: without the column that is left out, everything else shared. Stays
// valid while `dataset` does; close frees only what open made, and is safe on {0}.
struct split_view {
    struct dataset dataset;
    struct table *table;
};
enum status split_view_open(struct split_view *view, const struct dataset *dataset, const struct split *split,
                            struct error *error);
void split_view_close(struct split_view *view);

#endif
