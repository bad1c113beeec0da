// Sums of doubles without rounding: every finite double is a whole number of 2^-1074, and the sum is kept as that
// whole number in pieces of 32 bits (Neal, "Fast exact summation using small and large superaccumulators", 2015).
// So the order of additions and mergings cannot show: the same numbers give the same bits. {0} is the sum of none.
// What is added must be finite. No memory is allocated; one thread at a time.
#ifndef CORE_TRAIN_METRICS_SUM_H
#define CORE_TRAIN_METRICS_SUM_H

#include <stdint.h>

#define EXACT_PIECES 68 // of 32 bits: 2^-1074 … 2^1023, and room for 2^63 of the largest

struct exact_sum {
    int64_t pieces[EXACT_PIECES]; // piece i counts 2^(32·i − 1074)
    uint32_t pending;             // additions since carries were passed on
};

void exact_add(struct exact_sum *sum, double value);
void exact_add_square(struct exact_sum *sum,
                      double value); // value² without rounding, where it neither over- nor underflows
void exact_merge(struct exact_sum *sum, const struct exact_sum *other);
// The sum, correctly rounded; beyond the range of doubles infinite.
double exact_value(const struct exact_sum *sum);
// The sum as high + low, both correctly rounded: about 106 bits.
void exact_value2(const struct exact_sum *sum, double *high, double *low);

#endif
