// A table: typed columns, which cells are missing, and where in the file every row came from.
// Columns are counted references and never change once they are in a table, so a step that changes two
// columns shares the others with the table before it: before and after cost little.
// A table owns its columns' references; table_free drops them. Build on one thread, read on any.
#ifndef DATASETS_TABLE_H
#define DATASETS_TABLE_H

#include <stdatomic.h>

#include "core/base/arena.h"
#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum column_type {
    COLUMN_NUMERIC,  // values: integer or real
    COLUMN_CATEGORY, // codes into words: few distinct values
    COLUMN_DATE,     // values: seconds since 1970-01-01 UTC
    COLUMN_TEXT,     // codes into words: free text or identifiers; not fed to a model
    COLUMN_TYPES
};

struct cell_file; // cells in a file of the cache (cells_file.c)
struct cell_room; // cells of several columns (column_extended.c)
struct column_formula;

struct column {
    _Atomic int references;
    char *name;
    enum column_type type;
    bool integer; // numeric: every value is whole and below 2^53
    size_t categories; // numeric: above 0 where the values are no quantities, but indices below it (the step "index")
    size_t rows;
    size_t missing_count;
    // Cells in memory; all NULL when they lie in `file` or are computed by `formula`. Readers that are to
    // work on any column use a column_scan.
    double *values;    // numeric, date: [rows]; 0 where missing
    uint32_t *codes;   // category, text: [rows]; 0 where missing
    uint64_t *missing; // bit r of word r/64: the cell is missing; NULL when none is
    struct cell_file *file;
    struct cell_room *room; // that values or codes lie in, which are not the column's own then; NULL: they are
    struct column_formula *formula;
    char **words; // category, text: [word_count], distinct, in order of first appearance
    size_t word_count;
    struct arena text; // where the words lie
    size_t word_capacity;
    struct word_index *index; // word -> code, only while words are being added
    struct column *words_of;  // the column that owns `words` when they are shared (a reference); NULL: this one
    size_t counted;           // bytes of cells that are counted as taken (cells_in_memory)
    _Atomic bool finite;      // every number has been looked at and none is infinite (column_infinite)
};

struct line_run { // rows from `row` on lie on lines `line`, `line` + 1, …
    uint64_t row, line;
};

struct table_files { // that the rows of one table come from, in their order
    _Atomic int references;
    size_t count, capacity;
    struct table_file {
        size_t row; // of the table as read, the first one of the file
        char *path;
    } * items;
};

struct table {
    char *name; // for the screen: the file's base name
    char *path;
    size_t rows, column_count, column_capacity;
    struct column **columns;
    struct line_run *lines; // [line_count], of the rows as read; the first begins at row 0
    size_t line_count, line_capacity;
    uint32_t *origin;          // [rows] row number in the table as it was read, ascending; NULL: row r is r
    int target;                // column to predict; -1 = none chosen
    struct table_files *files; // NULL: one file; its rows' lines are those of each file
};

// ---- columns in memory: make one, fill the arrays, hand it to a table -----------------------------
struct column *column_make(const char *name, enum column_type type, size_t rows, struct error *error); // 1 reference
struct column *column_share(struct column *column);
void column_release(struct column *column); // NULL allowed
// Own arrays in memory, 1 reference, wherever the cells of `column` lie.
struct column *column_copy(const struct column *column, struct error *error);
enum status column_set_missing(struct column *column, size_t row, struct error *error); // keeps the count
void column_clear_missing(struct column *column, size_t row);
// The code of a word, adding it when new (kept hash while building; column_seal drops it).
enum status column_word(struct column *column, const char *word, size_t length, uint32_t *code, struct error *error);
void column_seal(struct column *column);
const char *column_type_name(enum column_type type); // "numeric", "category", "date", "text"
bool column_has_values(const struct column *column); // numeric or date: cells are doubles; else they are codes
// The same column with only rows picked[0 … count-1].
struct column *column_pick(const struct column *column, const uint32_t *picked, size_t count, struct error *error);

// ---- single cells, wherever they lie: for display and the ledger (a block is read for each) --------
// Where a cell cannot be read any more (the cache's file is damaged) it counts as missing.
bool column_is_missing(const struct column *column, size_t row);
double column_number(const struct column *column, size_t row); // NaN where missing; numeric and date
uint32_t column_code(const struct column *column, size_t row); // category and text; 0 where missing
// The cell as text for people and for CSV: numbers in their shortest exact form, dates ISO 8601,
// "" when missing. `out` holds 64 bytes, words are returned as they are.
const char *column_text(const struct column *column, size_t row, char out[64]);
// The same for a number of that type.
const char *number_cell_text(enum column_type type, double value, char out[64]);

// ---- cells, wherever they lie: in blocks -----------------------------------------------------------
// Block k of a column holds its rows k·COLUMN_BLOCK …; the last one is shorter. Typical use:
//     struct column_scan scan;
//     enum status status = column_scan_open(&scan, column, error);
//     for (size_t k = 0; status == STATUS_OK && k < column_blocks(column); k++) {
//         struct column_cells cells;
//         status = column_scan_read(&scan, k, &cells, error);
//         for (size_t i = 0; status == STATUS_OK && i < cells.count; i++)
//             if (!cells_missing(&cells, i)) … cells.values[i] …
//     }
//     column_scan_close(&scan);
#define COLUMN_BLOCK ((size_t)16384)

struct column_cells {
    size_t first, count;     // rows first … first + count - 1
    const double *values;    // numeric, date: [count]; 0 where missing
    const uint32_t *codes;   // category, text: [count]; 0 where missing
    const uint64_t *missing; // bit i % 64 of word i / 64; NULL: none is missing
};

// Reads one column; any number of scans may read the same column, each on its own thread.
struct column_scan {
    const struct column *column;
    struct column_scan *from; // of the column that a formula reads
    void *room;               // one block, when the cells do not lie in memory
};
enum status column_scan_open(struct column_scan *scan, const struct column *column, struct error *error);
enum status column_scan_read(struct column_scan *scan, size_t block, struct column_cells *cells, struct error *error);
void column_scan_close(struct column_scan *scan); // safe on {0} and after a failed open
// The same as a loop over a function: `visit` gets every block in order.
typedef enum status column_visit(void *context, const struct column_cells *cells, struct error *error);
enum status column_each(const struct column *column, column_visit *visit, void *context, struct error *error);
// The first row whose number is infinite, SIZE_MAX when none is; looked for once.
enum status column_infinite(const struct column *column, size_t *row, struct error *error);
static inline size_t column_blocks(const struct column *column) {
    return (column->rows + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
}
static inline bool cells_missing(const struct column_cells *cells, size_t i) {
    return cells->missing != NULL && (cells->missing[i / 64] >> (i % 64) & 1) != 0;
}

// ---- columns computed from another when they are read ----------------------------------------------
// Costs no memory: what a step makes of a column cell by cell. `compute` fills values[count] and the words
// of missing[] (zeroed before; 0 in values where missing) from one block; it is called on any thread.
struct column_formula {
    struct column *from; // reference held
    void (*compute)(const struct column_formula *formula, const struct column_cells *from, double *values,
                    uint64_t *missing);
    double figures[4]; // for `compute`
    double *lookup;    // owned; for `compute`, e.g. a number for every code; may be NULL
    size_t lookup_count;
};
// A numeric (or date) column of as many rows; takes the reference of formula.from and formula.lookup, also
// when it fails. `missing_count`: how many cells `compute` will make missing; columns_missing counts them
// when the caller does not know (SIZE_MAX).
struct column *column_computed(const char *name, enum column_type type, bool integer, struct column_formula formula,
                               size_t missing_count, struct error *error);

// ---- columns that grow at the end, in memory or, when memory is short, in a file --------------------
// Memory that all columns together may take; beyond it a maker moves its cells into a file of the cache
// folder (unlinked at once; gone with the column). 0: half of what the machine, the control group or the
// address-space limit leaves. Set before data is opened.
void cells_set_memory(size_t bytes);
size_t cells_memory(void);    // the limit
size_t cells_in_memory(void); // taken now, in bytes

struct column_maker {
    struct column *column; // words may be added to it (column_word) while it is made
    size_t capacity;       // rows that the arrays hold
    size_t spilled;        // rows that are in the file already
};
enum status column_maker_open(struct column_maker *maker, const char *name, enum column_type type, struct error *error);
// Room in memory for so many rows in all, where they are known before; beyond the limit nothing happens.
enum status column_maker_reserve(struct column_maker *maker, size_t rows, struct error *error);
// Appends `count` cells: values or codes, as the type says; `missing` has bit i for cell i, NULL: none is.
enum status column_maker_add(struct column_maker *maker, const double *values, const uint32_t *codes,
                             const uint64_t *missing, size_t count, struct error *error);
// Hands the column over (1 reference), its arrays cut to size, its words sealed.
enum status column_maker_finish(struct column_maker *maker, struct column **column, struct error *error);
void column_maker_close(struct column_maker *maker); // safe on {0}, and after finish
// A new column from an old one block by block: `change` turns a block of `from` into values (or codes) and
// missing bits in place. For what a formula cannot say; the result has the type of `from`.
typedef enum status column_change(void *context, size_t first, size_t count, double *values, uint32_t *codes,
                                  uint64_t *missing, struct error *error);
struct column *column_changed(const struct column *from, column_change *change, void *context, struct error *error);
// The rows of `old` and behind them those of `added`, whose codes and words go on where those of `old` end; both in
// memory. Where nobody has done the same before, and there is room, no cell of `old` is copied: it and the result share
// what they have in common. From one thread at a time, while others read `old`.
struct column *column_extended(const struct column *old, struct column *added, struct error *error);
// The words of `from`, for a column that has none yet and uses the same codes.
void column_share_words(struct column *column, const struct column *from);

// ---- tables ---------------------------------------------------------------------------------------
enum status table_make(size_t rows, const char *path, struct table **table, struct error *error); // no lines yet
void table_free(struct table *table);                                                             // NULL allowed
enum status table_share(const struct table *table, struct table **copy, struct error *error);     // shares columns
enum status table_add(struct table *table, struct column *column, struct error *error);           // takes the reference
void table_replace(struct table *table, size_t index, struct column *column);                     // takes the reference
void table_remove(struct table *table, size_t index); // target index follows
enum status table_insert(struct table *table, size_t index, struct column *column, struct error *error);
// In place; `picked` ascends.
enum status table_pick(struct table *table, const uint32_t *picked, size_t count, struct error *error);
int table_find(const struct table *table, const char *name); // -1 when there is none
// Says that there is none, and which one was most likely meant. STATUS_MISSING.
enum status table_no_column(const struct table *table, const char *name, struct error *error);
// 1-based line in the file where the row begins; row r lies on line r + 1 where no run says otherwise.
uint64_t table_line(const struct table *table, size_t row);
size_t table_origin(const struct table *table, size_t row); // row number in the table as read
// Row `row` (as read; ascending from call to call) begins on `line`.
enum status table_set_line(struct table *table, size_t row, uint64_t line, struct error *error);
// The rows from `row` on (as read; ascending from call to call) come from the file at `path`. Only while the table
// is being made.
enum status table_add_file(struct table *table, size_t row, const char *path, struct error *error);
// The file of a row as sentences call it, for "FILE:LINE": the name of the table where it is one file.
const char *table_file(const struct table *table, size_t row);
// The line of a row, "12", with its file's base name before it where there are several: "day-1.csv:12".
const char *table_place(const struct table *table, size_t row, char out[64]);
uint64_t table_row_hash(const struct table *table, size_t row); // equal rows have equal hashes
// The same of all rows: hash[rows].
enum status table_row_hashes(const struct table *table, uint64_t *hash, struct error *error);
// Of the rows of blocks first … end - 1 only; for several threads.
enum status table_block_hashes(const struct table *table, size_t first, size_t end, uint64_t *hash,
                               struct error *error);
bool table_rows_equal(const struct table *table, size_t a, size_t b);
size_t table_bytes(const struct table *table); // in memory

#endif
