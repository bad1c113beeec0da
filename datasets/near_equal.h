// Words of a category that look like the same word written differently: "New York", "new  york ", "York, New".
//   fingerprint  equal after lower case, accents and punctuation taken off, and the words in between sorted, each once
//   ngram        equal after lower case, accents, punctuation and blanks taken off, and all runs of `size` characters
//                sorted, each once: finds swapped and doubled letters, too
//   distance     at most `distance` characters added, taken or changed (Levenshtein); words of 2·distance characters
//                or fewer, and words whose digits differ ("Room 1", "Room 2"), are never near-equal
// (Both keys as OpenRefine has them.) Only proposes: whether two words mean the same is the person's to say.
#ifndef DATASETS_NEAR_EQUAL_H
#define DATASETS_NEAR_EQUAL_H

#include "core/base/str.h"
#include "core/base/task.h"
#include "datasets/table.h"

enum near_key { NEAR_FINGERPRINT, NEAR_NGRAM, NEAR_DISTANCE };
struct near_options {
    enum near_key key;
    size_t size, distance; // at least 1
};
struct near_group {
    uint32_t *codes; // [count] of the column's words; most rows first (ties: the smallest word): the one to keep
    size_t count, rows;
};
struct near_groups {
    struct near_group *items; // most rows first
    size_t count;
};
#define NEAR_DISTANCE_WORDS ((size_t)20000) // with more words than that their distances are not worked out

// Groups of at least two words. counts[word_count]: rows that have each word; words of 0 rows are left out. `groups` is
// freed with near_groups_free. A column of more than NEAR_DISTANCE_WORDS words is refused for NEAR_DISTANCE.
enum status near_equal_groups(const struct column *column, const size_t *counts, const struct near_options *options,
                              struct near_groups *groups, struct task *task, struct error *error);
void near_groups_free(struct near_groups *groups);
// The key of a word, appended; nothing for a word of punctuation alone.
void near_fingerprint(const char *word, struct str *key);
void near_ngram(const char *word, size_t size, struct str *key);

// Lists of merges, "from=to,from=to": `\` stands before a comma, '=' or '\' that belongs to a word.
void merge_list_add(struct str *list, const char *from, const char *to);
// Cuts the next merge off; false at the end, or where the list is broken (`*list` is then not at its end).
bool merge_list_next(const char **list, struct str *from, struct str *to);

#endif
