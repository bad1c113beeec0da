// One parameter that a sweep varies: its text, its values, its draws. Private to core/lab.
#ifndef CORE_LAB_AXIS_H
#define CORE_LAB_AXIS_H

#include "core/lab/experiment.h"

// Where the axis that begins at `text` ends: at a comma that a name and "=" follow, or at the end of the text.
const char *axis_end(const char *text);
enum status axis_parse(const char *text, size_t length, struct axis *axis, struct error *error);
enum status axis_check(const struct axis *axis, const struct train_params *base, struct error *error);
size_t axis_count(const struct axis *axis);                          // values, or points of a range
void axis_at(const struct axis *axis, size_t index, char out[PARAM_TEXT_SIZE]); // of a grid
void axis_draw(const struct axis *axis, uint64_t seed, uint64_t index, char out[PARAM_TEXT_SIZE]);
double axis_place(const struct axis *axis, const char *value); // 0 … 1; NaN: not one of its values

#endif
