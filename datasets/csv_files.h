// Several text tables of one schema as one table: the columns of the first file, the rows of all, in their order.
// Every row keeps its file and line (table_file, table_line); what is different in a further file (a column that
// is missing or unknown, another order, dialect or encoding) becomes a note with the file's name. Types are found
// from the cells of all files, as if they were one.
#ifndef DATASETS_CSV_FILES_H
#define DATASETS_CSV_FILES_H

#include "datasets/dataset.h"

// Into a dataset that has its names; at least two paths. Any one thread.
enum status csv_load_files(char *const *paths, size_t count, const struct load_options *options,
                           struct dataset *dataset, struct task *task, struct error *error);

// The files that a path means, added to `paths` in natural order (day-2 before day-10): those that a pattern of
// the shell fits, the text tables of a folder (none: nothing is added), or the path itself.
struct path_list { // {0} is an empty one
    char **items;
    size_t count, capacity;
};
enum status path_list_add(struct path_list *list, const char *path, struct error *error);
void path_list_free(struct path_list *list);
// All files of a table: `path` and options->more, each as above; a folder without tables is refused.
enum status dataset_files(const char *path, const struct load_options *options, struct path_list *list,
                          struct error *error);
bool path_is_pattern(const char *path); // and no file is called so

#endif
