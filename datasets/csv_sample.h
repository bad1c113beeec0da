// The beginning of a file as UTF-8 text, from which its dialect is judged.
#ifndef DATASETS_CSV_SAMPLE_H
#define DATASETS_CSV_SAMPLE_H

#include "core/base/str.h"
#include "datasets/dataset.h"

struct csv_sample {
    const char *path;
    const char *text; // ends with a line end unless one line is longer than the sample
    size_t length;
    bool partial; // the file goes on
};

// Fills in delimiter, quote, escape, blanks, skip, header and line ending where they are to be
// detected; adds what was found to `evidence`.
enum status dialect_find(const struct csv_sample *sample, struct dialect *dialect, struct str *evidence,
                         struct error *error);
// Lines before the table, into dialect->skip; separators and quotes are known, most rows have `mode` cells.
enum status dialect_skip(const struct csv_sample *sample, struct dialect *dialect, size_t mode, struct error *error);
// The header alone (everything else is known).
enum status dialect_header(const struct csv_sample *sample, struct dialect *dialect, struct str *evidence,
                           struct error *error);

#endif
