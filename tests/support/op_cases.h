// Small programs, one or a few operations each, that every backend is tested with. A case puts its
// real inputs one after the other in SLOT_WEIGHTS and its results in SLOT_OUTPUTS (whole numbers in
// SLOT_STATE), so that a run can be compared as a few arrays. What op_case_run returns is freed with
// op_result_free.
#ifndef TESTS_SUPPORT_OP_CASES_H
#define TESTS_SUPPORT_OP_CASES_H

#include "core/backend/backend.h"

#define OP_CASE_SIZES 10

struct op_case;

// A case being written down as a program.
struct op_builder {
    struct program program;
    const struct op_case *op_case;
    enum dtype real;        // DTYPE_F32 or DTYPE_F64
    size_t inputs, outputs; // elements of SLOT_WEIGHTS and SLOT_OUTPUTS so far
    size_t moments, whole;  // of SLOT_MOMENT1 and SLOT_STATE
    int64_t feature_count, feature_rows, target_count;
    bool pixels;            // features are U8
    int64_t labels, classes; // of SLOT_LABELS: how many, below what
    int64_t batch;          // rows read from SLOT_ROWS; 0 = none
};

struct op_case {
    const char *name;
    void (*build)(struct op_builder *builder);
    int64_t size[OP_CASE_SIZES]; // what they mean is the build function's affair
    int variant;
    struct step_args args; // seed and step are set where a case needs them
};

struct op_result {
    size_t outputs, inputs, moments, whole;
    double *output, *input, *moment; // SLOT_OUTPUTS, SLOT_WEIGHTS and SLOT_MOMENT1 after the run
    int32_t *integer;                // SLOT_STATE
    double metrics[METRIC_COUNT];
};

extern const struct op_case op_cases[];
extern const size_t op_case_count;

// Builds and runs the case. Random inputs are keyed by `seed`; results are filled with rubbish first.
// `inputs` (count as in the result) replaces the random ones where it is not NULL. Runs `repeat` times.
enum status op_case_run(struct backend *backend, const struct op_case *op_case, enum dtype real, uint64_t seed,
                        const double *inputs, int repeat, struct op_result *result, struct error *error);
void op_result_free(struct op_result *result);
// $BATCHLAB_TEST_PRECISION, or f32. Inputs of op_case_run are numbers that fit it.
enum precision op_case_precision(void);
double precision_unit(enum precision precision); // what rounding to it changes at most, of 1
// The row numbers that a gather case reads with that seed, [size[0]].
void op_case_rows(const struct op_case *op_case, uint64_t seed, int32_t *rows);

// ‖a − b‖/‖b‖, or ‖a − b‖ where b is all zeros; infinite where one is not finite.
double normalized_error(const double *a, const double *b, size_t count);

#endif
