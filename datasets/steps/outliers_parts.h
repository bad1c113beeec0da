// What the files of the step "outliers" share.
#ifndef DATASETS_STEPS_OUTLIERS_PARTS_H
#define DATASETS_STEPS_OUTLIERS_PARTS_H

#include "datasets/steps/forest.h"
#include "datasets/steps/series.h"
#include "datasets/steps/state.h"

struct outlier_settings {
    char action[PARAM_TEXT_SIZE];
    double factor;
    char method[PARAM_TEXT_SIZE];
    double z, modified_z;
    char flag[PARAM_TEXT_SIZE];
    double share, score;
    int64_t trees, sample, seed;
    char columns[PARAM_TEXT_SIZE];
};
// Fences; where values beyond them go (clip: to the fence, winsorize: to the outermost training value within); spread
// 0: there are no fences. Forest: low and high are the training rows' least and greatest finite value, to_low the
// median, which stands for a missing cell.
enum { OUTLIER_LOW, OUTLIER_HIGH, OUTLIER_TO_LOW, OUTLIER_TO_HIGH, OUTLIER_SPREAD };

struct outlier_state {
    struct step_state columns; // first, as in every step
    struct forest forest;
    double threshold; // of scores
};

static inline const struct outlier_settings *outlier_settings(const struct step *step) {
    return step->settings;
}
bool outliers_act(const struct step *step, const char *action);
bool outliers_found_by(const struct step *step, const char *method);

// A column of 0 and 1 at the end of the table, with the name that the settings give.
enum status outliers_add_flag(const struct step *step, struct table *table, const uint8_t *flags,
                              const struct apply_context *context, struct error *error);

// ---- method forest ----
enum status outliers_fit_forest(struct step *step, const struct table *table, const uint32_t *training, size_t count,
                                struct error *error);
enum status outliers_apply_forest(const struct step *step, struct table *table, const struct apply_context *context,
                                  struct error *error);

#endif
