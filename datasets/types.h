// What a cell of text is: a number, a date, missing, or a word; and what a column of them is.
#ifndef DATASETS_TYPES_H
#define DATASETS_TYPES_H

#include "datasets/cell_date.h"
#include "datasets/cell_format.h"
#include "datasets/cell_number.h"
#include "datasets/cell_tokens.h"

#endif
