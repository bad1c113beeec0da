// The parts of the Prepare view. Private to views/prepare*.c.
#ifndef VIEWS_PREPARE_PARTS_H
#define VIEWS_PREPARE_PARTS_H

#include "core/session.h"
#include "views/view.h"
#include "views/widgets/form.h"
#include "views/widgets/palette.h"
#include "views/widgets/table.h"

// ---- before and after (prepare_compare.c) -----------------------------------------------------------------
// One column before a step and what became of it; holds references, so an address never means another column.
struct compare {
    struct column *before, *after; // after NULL: the column is gone
    struct column_profile before_profile, after_profile;
    bool ready;
    size_t made;             // columns the step made that were not there before
    char made_names[8][64];  // the first of them
};
// The tables before and after step `step` (`step` = number of steps: from the first to the last).
bool compare_stages(const struct snapshot *snapshot, size_t step, const struct table **before,
                    const struct table **after);
void compare_refresh(struct compare *compare, const struct snapshot *snapshot, size_t step, size_t column);
void compare_clear(struct compare *compare);
// The first column that the step changed, else 0.
size_t compare_first_changed(const struct snapshot *snapshot, size_t step);
void compare_draw(const struct compare *compare, const struct snapshot *snapshot, size_t step, size_t column,
                  struct canvas *canvas, struct rect area);

// ---- the ledger (prepare_ledger.c) ------------------------------------------------------------------------
struct table_view_model ledger_model(const struct snapshot *snapshot);

#endif
