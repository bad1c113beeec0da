// A table in memory: typed columns, which cells are missing, and where in the file every row came
// from. Columns are counted references and never change once they are in a table, so a step that
// changes two columns shares the others with the table before it: before and after cost little.
// A table owns its columns' references; table_free drops them. Build on one thread, read on any.
#ifndef DATASETS_TABLE_H
#define DATASETS_TABLE_H

#include <stdatomic.h>

#include "core/base/arena.h"
#include "core/base/status.h"

#include <stddef.h>
#include <stdint.h>

enum column_type {
    COLUMN_NUMERIC,  // values[]: integer or real
    COLUMN_CATEGORY, // codes[] into words[]: few distinct values
    COLUMN_DATE,     // values[]: seconds since 1970-01-01 UTC
    COLUMN_TEXT,     // codes[] into words[]: free text or identifiers; not fed to a model
    COLUMN_TYPES
};

struct column {
    _Atomic int references;
    char *name;
    enum column_type type;
    bool integer;        // numeric: every value is whole and below 2^53
    size_t rows;
    double *values;      // numeric, date: [rows]; 0 where missing
    uint32_t *codes;     // category, text: [rows]; 0 where missing
    char **words;        // category, text: [word_count], distinct, in order of first appearance
    size_t word_count;
    uint64_t *missing;   // bit r of word r/64: the cell is missing; NULL when none is
    size_t missing_count;
    struct arena text;        // where the words lie
    size_t word_capacity;
    struct word_index *index; // word -> code, only while words are being added
};

struct table {
    char *name; // for the screen: the file's base name
    char *path;
    size_t rows, column_count, column_capacity;
    struct column **columns;
    uint64_t *lines;  // [rows] 1-based line in the file where the row begins
    uint64_t *origin; // [rows] row number in the table as it was read, 0-based
    int target;       // column to predict; -1 = none chosen
};

// ---- columns: make one, fill the arrays, hand it to a table --------------------------------------
struct column *column_make(const char *name, enum column_type type, size_t rows, struct error *error); // 1 reference
struct column *column_share(struct column *column);
void column_release(struct column *column); // NULL allowed
struct column *column_copy(const struct column *column, struct error *error); // own arrays, 1 reference
bool column_is_missing(const struct column *column, size_t row);
enum status column_set_missing(struct column *column, size_t row, struct error *error); // keeps the count
void column_clear_missing(struct column *column, size_t row);
// The code of a word, adding it when new (kept hash while building; column_seal drops it).
enum status column_word(struct column *column, const char *word, size_t length, uint32_t *code, struct error *error);
void column_seal(struct column *column);
// The cell as text for people and for CSV: numbers in their shortest exact form, dates ISO 8601,
// "" when missing. `out` holds 64 bytes, words are returned as they are.
const char *column_text(const struct column *column, size_t row, char out[64]);
const char *column_type_name(enum column_type type); // "numeric", "category", "date", "text"
// The same column with only rows picked[0 … count-1].
struct column *column_pick(const struct column *column, const uint32_t *picked, size_t count, struct error *error);

// ---- tables ---------------------------------------------------------------------------------------
enum status table_make(size_t rows, const char *path, struct table **table, struct error *error);
void table_free(struct table *table);                                     // NULL allowed
enum status table_share(const struct table *table, struct table **copy, struct error *error); // shares columns
enum status table_add(struct table *table, struct column *column, struct error *error); // takes the reference
void table_replace(struct table *table, size_t index, struct column *column);           // takes the reference
void table_remove(struct table *table, size_t index); // target index follows
enum status table_insert(struct table *table, size_t index, struct column *column, struct error *error);
enum status table_pick(struct table *table, const uint32_t *picked, size_t count, struct error *error); // in place
int table_find(const struct table *table, const char *name); // -1 when there is none
uint64_t table_row_hash(const struct table *table, size_t row); // equal rows have equal hashes
bool table_rows_equal(const struct table *table, size_t a, size_t b);
size_t table_bytes(const struct table *table);

#endif
