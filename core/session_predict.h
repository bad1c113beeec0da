// Predictions of a kept run as CSV, row by row in the order of the data: what is kept of the row, the prediction (a
// class's name, or a number in the target's own unit) and, on request, the probability of every class. A row that the
// model could not be asked about has an empty prediction. Memory does not grow with a text table. One thread.
#ifndef CORE_SESSION_PREDICT_H
#define CORE_SESSION_PREDICT_H

#include <stdio.h>

#include "core/session_kept.h"

struct predict_settings {
    FILE *out;          // the caller looks for errors of writing when it closes it
    bool probabilities; // columns "p_CLASS"; refused for numbers
    const char *keep;   // columns of the data to write before the prediction, as column_list_next cuts them; "*": all
};

struct predict_counts {
    size_t rows, predicted;
};

// `notes`: as kept_run_each. Of the run's own rows the first column is "row": their number in the data, from 1.
enum status kept_run_predict(const struct kept_run *kept, const struct kept_data *data,
                             const struct predict_settings *settings, struct predict_counts *counts,
                             struct notes *notes, struct task *task, struct error *error);

#endif
