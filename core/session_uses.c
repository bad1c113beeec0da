// Which parameters mean something beside the others and the data that is open.
#include <stdio.h>

#include "core/nn/model.h"
#include "core/session.h"
#include "core/train/source.h"

bool session_uses(const struct snapshot *snapshot, const struct param *row, char *why) {
    struct train_params meant = *snapshot->params;
    if (!params_used(&train_table, row, &meant, why))
        return false;
    if (!snapshot->source || meant.model_file[0])
        return true;
    snprintf(meant.model, sizeof meant.model, "%s", model_meant(snapshot->params, snapshot->source->sample));
    if (params_used(&train_table, row, &meant, NULL))
        return true;
    if (why)
        snprintf(why, PARAM_TEXT_SIZE, "%s is not used: model auto is %.60s for this data; choose another model by name",
                 row->label, meant.model);
    return false;
}
