// What can be known of a run by name: the columns of the table, what a filter compares, what a search looks at.
// A field is one of its own list or a hyper-parameter. Nothing is owned; any thread.
#ifndef VIEWS_RUNS_FIELDS_H
#define VIEWS_RUNS_FIELDS_H

#include "core/session.h"

#define RUNS_TEXT_SIZE 256

struct runs_field {
    const char *name;                               // in filters: "acc"
    const char *title;                              // over its column; NULL = no column
    bool right, descending;                         // numbers stand right; the first sort goes down
    bool words;                                     // compared as text
    double (*number)(const struct run_record *run); // NaN: it has none; NULL for words
    // As shown; "" = none. `out` holds RUNS_TEXT_SIZE bytes.
    void (*text)(const struct run_record *run, char *out);
    const struct param *param; // the hyper-parameter it stands for; the functions above are then NULL
};

size_t runs_field_count(void); // those with a column come first, in the table's order
const struct runs_field *runs_field_at(size_t index);
size_t runs_column_count(void);
// By name, also of a hyper-parameter. Fills `field`; on failure suggests the nearest name.
enum status runs_field_find(const char *name, struct runs_field *field, struct error *error);
double runs_field_number(const struct runs_field *field, const struct run_record *run);
char *runs_field_text(const struct runs_field *field, const struct run_record *run, char out[RUNS_TEXT_SIZE]);
// Before < 0, same 0, after > 0, in rising order; what has no value comes last in either direction.
int runs_field_compare(const struct runs_field *field, bool descending, const struct run_record *a,
                       const struct run_record *b);

bool runs_contains(const char *text, const char *part);   // ASCII letters regardless of case
const char *runs_data_name(const struct run_record *run); // the last part of its path

#endif
