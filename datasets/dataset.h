// A data set as opened: a table or a set of images, with what was found on the way. A loader is one
// row of the table in datasets.c: it says how sure it is that a path is its kind, and loads it.
// The dataset owns everything in it; dataset_free releases it. Load on any one thread.
#ifndef DATASETS_DATASET_H
#define DATASETS_DATASET_H

#include "core/base/status.h"
#include "core/base/task.h"
#include "datasets/table.h"

enum dataset_kind { DATASET_TABLE, DATASET_IMAGES };

struct image_set { // shared by reference count, never changed once loaded
    _Atomic int references;
    size_t count, channels, height, width;
    uint8_t *pixels; // [count][channels][height][width]
    int32_t *labels; // [count], 0 … classes-1
    size_t classes;
    char **class_names; // [classes]
    size_t test_from;   // records from here on are the given test part; count when there is none
};

// What was found or repaired while reading, and later what each step changed: one line each.
struct note {
    uint64_t line; // in the file; 0 = the whole file
    char *column;  // name, or NULL
    char *text;    // one sentence
    char *file;    // path, where the data is several files; else NULL
};
struct notes {
    struct note *items;
    size_t count, capacity;
    size_t dropped; // beyond NOTES_MOST, counted only
};
#define NOTES_MOST 10000
enum status notes_add(struct notes *notes, uint64_t line, const char *column, struct error *error, const char *format,
                      ...) __attribute__((format(printf, 5, 6)));
// Moves the notes of one of several files to those of all; those that have a file keep it.
enum status notes_move(struct notes *to, struct notes *from, const char *file, struct error *error);
void notes_cut(struct notes *notes, size_t count); // forgets all but the first `count`
void notes_free(struct notes *notes);

struct dialect {       // of a CSV file; also what a person may force
    char delimiter[8]; // "," ";" "\t" "|" ":" " " or more characters; "" = detect
    char quote;        // '"', '\'', 0 = none; -1 = detect
    char escape;       // '\\' or 0 = doubled quotes; -1 = detect
    int header;        // 1, 0, -1 = detect
    char encoding[16]; // "utf-8", "utf-16le", "utf-16be", "latin-1", "windows-1252"; "" = detect
    int skip_blanks;   // 1: blanks around a delimiter belong to it; 0; -1 = detect
    bool bom;
    size_t skip;         // lines before the table; SIZE_MAX = detect
    char line_ending[8]; // "lf", "crlf", "cr", "mixed": found, never forced
    // How numbers and dates are written; 0 = every column for itself.
    char decimal;    // '.' or ','
    char thousands;  // ',' '.' ' ' '\'', 'n' = none
    char date_order; // where a cell leaves it open: 'd' day first, 'm' month first
};
struct dialect dialect_detect(void); // every part to be detected

#define DATASET_OVERRIDES_MOST 256
struct csv_seen;
struct csv_growing;
struct dataset;
struct load_options {
    struct dialect dialect;
    const char *const *more; // further files (folders, patterns) of the same columns, whose rows follow; or NULL
    size_t more_count;
    struct csv_seen *seen;             // for the loader of several files alone
    struct csv_growing *growing;       // of a file that is followed (csv_growing_make), or NULL
    const char *const *missing_tokens; // further tokens that mean "missing", or NULL
    size_t missing_token_count;
    bool only_tokens; // of the usual tokens none counts, only those above and empty cells
    struct {          // type overrides
        const char *column;
        enum column_type type;
        bool amount; // numeric: signs, units and parentheses around numbers are read over
    } overrides[DATASET_OVERRIDES_MOST];
    size_t override_count;
    const char *target;          // column name; NULL = "target", "class", "label", "y" or the last column
    size_t threads, piece_bytes; // of reading; 0 = as many as there are cores, as large as is fast
    uint64_t rows_most;          // of a table; 0 = all
    bool keeps_partial;          // a table whose reading is cancelled is the rows so far; else it is an error
    // Gets the first rows of a large table before the rest is read; it owns them then. NULL: nobody asks.
    void (*preview)(void *context, struct dataset *dataset);
    void *preview_context;
};
#define DATASET_PREVIEW_ROWS 1000
#define DATASET_PREVIEW_BYTES ((uint64_t)4 << 20) // smaller files are read at once
struct load_options load_options_default(void);

// The type of a column as people write it: "numeric" ("number"), "amount", "date", "category" ("boolean"), "text".
#define COLUMN_TYPES_ASKED "numeric, amount, date, category or text"
bool column_type_asked(const char *name, enum column_type *type, bool *amount);
const char *column_type_asked_name(enum column_type type, bool amount);

struct dataset {
    enum dataset_kind kind;
    char *name, *path, *format; // "adult-train.csv", …, "csv"
    uint64_t file_bytes;
    struct table *table;      // DATASET_TABLE
    struct image_set *images; // DATASET_IMAGES
    struct dialect dialect;   // DATASET_TABLE: as found
    struct notes notes;       // rows repaired or rejected, ambiguities
    bool partial;             // a table of the first rows only: a preview, or reading was stopped
    uint64_t rows_guess;      // partial: how many rows the whole file may have; 0 = no idea
};

struct members; // of an archive: archive.h

struct loader {
    const char *name, *help;
    // 0 = not mine … 100 = certainly mine. `head` holds the first `size` bytes of a file (already
    // decompressed); for a folder head is NULL.
    int (*score)(const char *path, const unsigned char *head, size_t size);
    enum status (*load)(const char *path, const struct load_options *options, struct dataset *dataset,
                        struct task *task, struct error *error);
    // From an archive: which members (by base name, without ".gz") are needed, and loading from them. Both
    // NULL: this format is not looked for in archives.
    bool (*wants)(const char *name);
    enum status (*load_members)(const struct members *members, struct dataset *dataset, struct task *task,
                                struct error *error);
};
extern const struct loader loader_csv, loader_cifar10, loader_cifar100, loader_idx;

size_t loader_count(void);
const struct loader *loader_at(size_t index);

// Opens a file, a folder or a pipe ("-": standard input) with the loader that is most sure. `options` may be NULL.
// Several text tables become one: those of options->more, of a folder without images (its .csv, .tsv …), or all
// that a pattern of the shell fits ("days/*.csv", where no file is called so); csv_files.h says how.
enum status dataset_open(const char *path, const struct load_options *options, struct dataset **dataset,
                         struct task *task, struct error *error);
void dataset_free(struct dataset *dataset); // NULL allowed
// Whether the path is one text table (csv_stream.h reads those piece by piece), and not a folder or a pattern.
enum status dataset_is_table(const char *path, bool *table, struct task *task, struct error *error);
size_t dataset_rows(const struct dataset *dataset);

// What a reading of a text file that is followed (follow.h) leaves for the next one, so that only what was added is
// read: the same one in the options of every reading, as long as the file only grows and is read in the same way. The
// result is always that of reading all. NULL, when memory is short, works too. By one thread at a time.
struct csv_growing *csv_growing_make(void);
void csv_growing_free(struct csv_growing *growing); // NULL allowed

// Where shipped samples are: $BATCHLAB_SAMPLES, beside the program, or PREFIX/share/batchlab/samples.
enum status samples_folder(char *out, size_t size, struct error *error);

#endif
