// A column while its cells come in: what they show about its type, and the cells themselves in the type
// it is taken for. The builder owns the column until csv_column_finish hands it over. One thread.
#ifndef DATASETS_CSV_COLUMN_H
#define DATASETS_CSV_COLUMN_H

#include "datasets/csv.h"
#include "datasets/types.h"

struct csv_column {
    char *name;
    struct column *column;     // NULL: cells are only looked at; its `rows` is the room there is
    size_t rows;               // cells so far
    struct cell_format format; // that cells are read in
    bool forced, amount;       // the person chose the type; with signs and units
    enum column_type forced_type;
    bool settled;                  // the format is known: nothing more to learn
    struct cell_evidence evidence; // what all cells so far show
    struct missing_tokens own;     // tokens of this column alone: items == NULL = those of all
    bool not_empty;
    uint64_t misfits, misfit_line; // cells that the format cannot read: kept as missing
};

// Empty, its evidence too.
enum status csv_column_begin(struct csv_column *builder, const struct cell_format *format, struct error *error);
enum status csv_column_add(struct csv_column *builder, const struct missing_tokens *tokens, const struct csv_cell *cell,
                           uint64_t line, struct error *error);
// formats[count]: what the cells so far, and the person, say that the columns are.
enum status csv_columns_decide(const struct csv_column *columns, size_t count, const struct cell_hints *hints,
                               struct cell_format *formats, struct error *error);
// Hands the column over, its type final; the caller has the reference. Notes what was not plain.
enum status csv_column_finish(struct csv_column *builder, struct column **column, struct notes *notes,
                              struct error *error);
void csv_column_drop(struct csv_column *builder); // the cells; name and evidence stay
void csv_column_clear(struct csv_column *builder);

#endif
