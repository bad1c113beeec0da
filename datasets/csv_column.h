// A column while its cells come in: what they show about its type, and the cells themselves in the type
// it is taken for. The builder owns the column until csv_column_finish hands it over. One thread.
#ifndef DATASETS_CSV_COLUMN_H
#define DATASETS_CSV_COLUMN_H

#include "datasets/csv.h"
#include "datasets/types.h"

struct csv_column {
    char *name;
    struct column *column;  // NULL: cells are only looked at; its `rows` is the room there is
    size_t rows;            // cells so far
    enum column_type store; // COLUMN_NUMERIC, COLUMN_DATE, or COLUMN_TEXT for any words
    bool forced;            // the person chose the type
    enum column_type forced_type;
    bool settled; // the type is known: nothing more to learn
    // what all cells so far show
    bool any, not_number, not_date, not_whole, not_empty;
    uint64_t code_line, beyond_line; // first "007", first whole number beyond 2^53; 0 = none
    uint64_t misfits, misfit_line;   // cells that `store` cannot hold: kept as missing
};

enum status csv_column_begin(struct csv_column *builder, enum column_type store, struct error *error);
enum status csv_column_add(struct csv_column *builder, const struct missing_tokens *tokens, const struct csv_cell *cell,
                           uint64_t line, struct error *error);
// What the cells so far allow: COLUMN_NUMERIC, COLUMN_DATE or COLUMN_TEXT.
enum column_type csv_column_type(const struct csv_column *builder);
// Hands the column over, its type final; the caller has the reference. Notes what was not plain.
enum status csv_column_finish(struct csv_column *builder, struct column **column, struct notes *notes,
                              struct error *error);
void csv_column_drop(struct csv_column *builder); // the cells; name and evidence stay
void csv_column_clear(struct csv_column *builder);

#endif
