// A range test as it is shown wherever one was asked for: loss against the learning rate, the four suggestions, and the
// one that is chosen. Private to the views that have it. Stateless.
#ifndef VIEWS_RANGE_PANE_H
#define VIEWS_RANGE_PANE_H

#include "core/session.h"
#include "views/view.h"

#define RANGE_SUGGESTIONS 4

double range_rate_of(const struct range_curve *range, int choice); // NaN: it suggests nothing
int range_next_choice(const struct range_curve *range, int choice, int direction); // that suggests something
void range_pane_draw(const struct snapshot *snapshot, int choice, struct canvas *canvas, struct rect pane,
                     const char *last_key); // only with snapshot->range; last_key: "Esc closes"
// The chosen rate becomes the learning rate. Its suggestion must be one.
enum status range_take_rate(const struct view_context *context, int choice);

#endif
