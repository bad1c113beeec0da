// A column while its cells come in: what they show about its type, and the cells themselves, part by part
// (csv_part.h). The builder owns its maker until csv_column_finish hands the column over. One thread.
#ifndef DATASETS_CSV_COLUMN_H
#define DATASETS_CSV_COLUMN_H

#include "datasets/csv.h"
#include "datasets/types.h"

struct csv_column {
    char *name;
    struct column_maker maker; // of the cells; {0} while they are only looked at
    bool stored;               // cells go into the maker
    struct cell_format format; // that cells are read in
    bool forced, amount;       // the person chose the type; with signs and units
    enum column_type forced_type;
    bool settled;                  // the format is known: nothing more to learn
    struct cell_evidence evidence; // what all cells so far show
    struct missing_tokens own;     // tokens of this column alone: items == NULL = those of all
    bool not_empty;
    bool stripped;                 // csv_column_finish took a blank off every word
    // Whether a blank before every word is taken off: asked of the words, or said by whoever reads the column in pieces.
    enum { BLANKS_ASK, BLANKS_STAY, BLANKS_OFF } blanks;
    uint64_t misfits, misfit_line; // cells that the format cannot read: kept as missing
    // Of several files (csv_seen.h), borrowed: what the column showed in those before; the format, when it is decided.
    const struct cell_evidence *before;
    const struct cell_format *given;
};

// What a column of words is, by how many there are for how many cells: a category or text.
enum column_type csv_word_type(size_t words, size_t cells);

// Empty, to be filled with cells in this format; its evidence too is empty, unless the format is settled.
enum status csv_column_begin(struct csv_column *builder, const struct cell_format *format, struct error *error);
// formats[count]: what the cells so far, and the person, say that the columns are.
enum status csv_columns_decide(const struct csv_column *columns, size_t count, const struct cell_hints *hints,
                               struct cell_format *formats, struct error *error);
// Hands the column over, its type final; the caller has the reference. Notes what was not plain.
enum status csv_column_finish(struct csv_column *builder, struct column **column, struct notes *notes,
                              struct error *error);
void csv_column_drop(struct csv_column *builder); // the cells; name and evidence stay
void csv_column_clear(struct csv_column *builder);

#endif
