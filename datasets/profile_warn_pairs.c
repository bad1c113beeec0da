// What is odd about pairs of columns and about the target.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/profile_parts.h"

enum { LEAK_ROWS_LEAST = 10 }; // fewer go together by chance

static const char *name_of(const struct profile *profile, uint32_t column) {
    return profile->columns[column].column->name;
}

// ---- missing together -------------------------------------------------------------------------------------

static enum status warn_both(void *context, const struct column_cells *a, const struct column_cells *b,
                             struct error *error) {
    struct profile *profile = context;
    const struct warning *warning = &profile->warnings[profile->warning_count - 1];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < a->count && warning->row_count < WARNING_ROWS_MOST && status == STATUS_OK; i++)
        if (cells_missing(a, i) && cells_missing(b, i))
            status = profile_warn_row(profile, (uint32_t)(a->first + i), error);
    return status;
}

static enum status warn_together(struct profile *profile, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < profile->together_count && status == STATUS_OK; i++) {
        const struct missing_pair *pair = &profile->together[i];
        if (!(pair->phi >= profile->limits.warn_together) || pair->both < 2)
            continue;
        const char *a = name_of(profile, pair->a), *b = name_of(profile, pair->b);
        status =
            profile_warn(profile, a, "missing_together", error,
                         "%s and %s are missing in the same rows (%zu rows, phi %.2f)", a, b, pair->both, pair->phi);
        if (status == STATUS_OK)
            status = column_pair_each(profile->columns[pair->a].column, profile->columns[pair->b].column, warn_both,
                                      profile, NULL, error);
    }
    return status;
}

// ---- columns that say the same ------------------------------------------------------------------------------

static bool is_target(const struct profile *profile, uint32_t column) {
    return profile->target >= 0 && (uint32_t)profile->target == column;
}

// Pairs with the target have a warning of their own.
static enum status warn_matrix(struct profile *profile, enum profile_matrix which, double least, const char *kind,
                               const char *figure, struct error *error) {
    const struct matrix *matrix = &profile->matrices[which];
    const struct matrix *pearson = &profile->matrices[MATRIX_PEARSON];
    enum status status = STATUS_OK;
    for (size_t a = 1; a < matrix->rows; a++)
        for (size_t b = 0; b < a && status == STATUS_OK; b++) {
            uint32_t first = matrix->row_of[b], second = matrix->row_of[a];
            double value = matrix->values[a * matrix->columns + b];
            bool told = which == MATRIX_SPEARMAN && fabs(pearson->values[a * pearson->columns + b]) >= least;
            if (!(fabs(value) >= least) || told || is_target(profile, first) || is_target(profile, second))
                continue;
            status = profile_warn(profile, name_of(profile, second), kind, error,
                                  "%s and %s say nearly the same (%s%s %.3f); one of them may be enough",
                                  name_of(profile, first), name_of(profile, second), matrix->about ? "≈ " : "", figure,
                                  value);
        }
    return status;
}

// ---- the target -----------------------------------------------------------------------------------------------

static enum status warn_leaks(struct profile *profile, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < profile->association_count && status == STATUS_OK; i++) {
        const struct association *with = &profile->associations[i];
        const struct column_profile *column = &profile->columns[with->column];
        // Classes that stand in one row each fit every target.
        size_t cells = column->rows - column->missing;
        bool trivial = cells < LEAK_ROWS_LEAST || (!column_has_values(column->column) && column->distinct * 2 > cells);
        if (!(fabs(with->value) >= profile->limits.warn_leak) || trivial)
            continue;
        status = profile_warn(profile, column->column->name, "leak", error,
                              "%s goes with the target %s very closely (%s %.3f); is it known before the answer is?",
                              column->column->name, name_of(profile, (uint32_t)profile->target),
                              association_names[with->kind], with->value);
    }
    return status;
}

// Rows of the rarest class.
static enum status warn_rare_rows(struct profile *profile, const struct column *target, struct error *error) {
    const char *name = profile->classes[profile->class_count - 1].name;
    double value;
    if (column_has_values(target))
        return number_parse(name, &value) ? profile_warn_equal(profile, target, value, error) : STATUS_OK;
    for (uint32_t code = 0; code < target->word_count; code++)
        if (text_equal(target->words[code], name))
            return profile_warn_code(profile, target, code, error);
    return STATUS_OK;
}

static enum status warn_imbalance(struct profile *profile, const struct column *target, struct error *error) {
    const struct column_profile *figures = &profile->columns[profile->target];
    double cells = (double)(figures->rows - figures->missing);
    if (profile->class_count < 2 || (double)profile->classes[0].count < profile->limits.warn_imbalance * cells)
        return STATUS_OK;
    enum status status =
        profile_warn(profile, target->name, "imbalance", error,
                     "%s: class '%s' has %.0f %% of the rows, so always "
                     "guessing it is right that often",
                     target->name, profile->classes[0].name, 100.0 * (double)profile->classes[0].count / cells);
    return status != STATUS_OK ? status : warn_rare_rows(profile, target, error);
}

enum status profile_warn_pairs(struct profile *profile, const struct table *table, struct error *error) {
    const struct profile_limits *limits = &profile->limits;
    enum status status = warn_together(profile, error);
    if (status == STATUS_OK)
        status = warn_matrix(profile, MATRIX_PEARSON, limits->warn_correlation, "correlation", "r", error);
    if (status == STATUS_OK)
        status = warn_matrix(profile, MATRIX_SPEARMAN, limits->warn_correlation, "correlation", "Spearman", error);
    if (status == STATUS_OK)
        status = warn_matrix(profile, MATRIX_CRAMER, limits->warn_association, "association", "V", error);
    if (status == STATUS_OK)
        status = warn_leaks(profile, error);
    if (status == STATUS_OK && profile->target >= 0)
        status = warn_imbalance(profile, table->columns[profile->target], error);
    return status;
}
