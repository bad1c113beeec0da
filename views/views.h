// The table of views, in the order of their tabs. Const; any thread.
#ifndef VIEWS_VIEWS_H
#define VIEWS_VIEWS_H

#include "views/view.h"

extern const struct view view_data, view_prepare, view_batches, view_model, view_train, view_evaluate, view_lab, view_runs;

size_t views_count(void);
const struct view *views_at(size_t index);
const struct view *views_find(enum view_id id); // NULL when there is no such view

#endif
