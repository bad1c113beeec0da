// Large tables are kept as typed cells in the cache folder (tables/…), so that opening the same file again takes no
// reading of text: cells come into memory by the block or, where that is short, stay in the file. What is kept counts
// only for the same path, size, time of change, way of reading (load_options) and program; every block carries a hash,
// and a damaged or half-written file is removed and the text read again. Together kept tables take at most half of
// what the disk has left; those not used for longest go first. Any thread; one table is written at a time.
//
//   blocks of cells and missing bits, column after column, as cells_file.h has them
//   for each column: a hash of each block, its words (each with its NUL)
//   runs of lines, the dialect, and what it all is as JSON; a footer says where that is
#ifndef DATASETS_KEPT_H
#define DATASETS_KEPT_H

#include "core/base/str.h"
#include "datasets/dataset.h"

// Tables of fewer bytes of cells are read again each time. SIZE_MAX: nothing is kept or looked for.
#define KEPT_LEAST ((size_t)64 << 20)
void kept_set_least(size_t bytes);

// The table of a plain file as it was kept: fills in table, dialect and notes. *found false, and nothing else of the
// dataset, where there is none; only cancelling is an error. `key` becomes what the file is now, for kept_write: "" where
// it is never kept.
enum status kept_read(const char *path, const struct load_options *options, struct str *key, struct dataset *dataset,
                      bool *found, struct task *task, struct error *error);
// Begins to write the table in the background, if it is large enough and the file is still what it was when `key` was
// made, before it was read; the dataset may change or go meanwhile. What goes wrong is told in the log. At the program's
// end a table that is not yet whole is given up.
void kept_write(const char *path, const struct load_options *options, const struct str *key,
                const struct dataset *dataset);
void kept_wait(void); // until it is written

#endif
