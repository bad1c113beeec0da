#include "views/views.h"

static const struct view *const views[] = {&view_data, &view_prepare, &view_batches, &view_model, &view_train, &view_evaluate, &view_lab, &view_runs};

size_t views_count(void) {
    return sizeof views / sizeof *views;
}

const struct view *views_at(size_t index) {
    return views[index];
}

const struct view *views_find(enum view_id id) {
    for (size_t i = 0; i < views_count(); i++)
        if (views[i]->id == id)
            return views[i];
    return NULL;
}
