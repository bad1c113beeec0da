// What the folds of one data set came to: the validation figures of each fold's run, their mean and their
// sd (ddof 1). Nothing is kept.
#ifndef APP_CLI_FOLDS_H
#define APP_CLI_FOLDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/store/store.h"

// `runs`: of the first `count` of `folds` folds, ended. As one JSON object on a line, or a small table.
void cli_folds_print(const struct run_record *runs, size_t count, size_t folds, bool json);

#endif
