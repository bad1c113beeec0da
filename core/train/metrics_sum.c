#include "core/train/metrics_sum.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { LOWEST = -1074, PENDING_MOST = 1 << 29 };

// Passes carries on: afterwards all pieces but the last, which has the sign, are in 0 … 2^32 − 1. The form is unique.
static void settle(struct exact_sum *sum) {
    for (int i = 0; i + 1 < EXACT_PIECES; i++) {
        int64_t low = (int64_t)(uint32_t)sum->pieces[i];
        sum->pieces[i + 1] += (sum->pieces[i] - low) / ((int64_t)1 << 32);
        sum->pieces[i] = low;
    }
    sum->pending = 0;
}

void exact_add(struct exact_sum *sum, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int exponent = (int)(bits >> 52 & 2047);
    uint64_t mantissa = bits & (((uint64_t)1 << 52) - 1);
    int place = exponent == 0 ? 0 : exponent - 1; // of the mantissa's lowest bit, above 2^-1074
    mantissa |= (uint64_t)(exponent != 0) << 52;
    int shift = place % 32;
    uint64_t low = mantissa << shift; // of up to 84 bits the lower 64, and the rest
    uint64_t high = shift == 0 ? 0 : mantissa >> (64 - shift);
    int64_t sign = bits >> 63 ? -1 : 1, *piece = sum->pieces + place / 32;
    piece[0] += sign * (int64_t)(uint32_t)low;
    piece[1] += sign * (int64_t)(low >> 32);
    piece[2] += sign * (int64_t)high;
    if (++sum->pending >= PENDING_MOST)
        settle(sum);
}

void exact_add_square(struct exact_sum *sum, double value) {
    double square = value * value;
    exact_add(sum, square);
    exact_add(sum, fma(value, value, -square));
}

void exact_merge(struct exact_sum *sum, const struct exact_sum *other) {
    struct exact_sum settled = *other;
    settle(&settled);
    settle(sum);
    for (int i = 0; i < EXACT_PIECES; i++)
        sum->pieces[i] += settled.pieces[i];
    settle(sum);
}

static void negate(struct exact_sum *sum) {
    for (int i = 0; i < EXACT_PIECES; i++)
        sum->pieces[i] = -sum->pieces[i];
    settle(sum);
}

// Of a settled sum that is not negative: its highest 64 bits, the lowest of them set when anything lies below, are
// rounded by the conversion to double.
static double round_sum(const struct exact_sum *sum) {
    int top = EXACT_PIECES - 1;
    while (top >= 0 && sum->pieces[top] == 0)
        top--;
    if (top < 0)
        return 0;
    uint64_t digits[3] = {0};
    for (int i = 0; i < 3 && top - i >= 0; i++)
        digits[i] = (uint64_t)sum->pieces[top - i];
    int lead = 0; // zero bits above the highest one of the top piece
    while (lead < 31 && digits[0] >> (31 - lead) == 0)
        lead++;
    uint64_t bits = (digits[0] << 32 | digits[1]) << lead | (lead == 0 ? 0 : digits[2] >> (32 - lead));
    bool below = (digits[2] & (((uint64_t)1 << (32 - lead)) - 1)) != 0;
    for (int i = top - 3; i >= 0 && !below; i--)
        below = sum->pieces[i] != 0;
    return ldexp((double)(bits | below), 32 * (top - 1) + LOWEST - lead);
}

double exact_value(const struct exact_sum *sum) {
    struct exact_sum settled = *sum;
    settle(&settled);
    bool negative = settled.pieces[EXACT_PIECES - 1] < 0;
    if (negative)
        negate(&settled);
    double value = round_sum(&settled);
    return negative ? -value : value;
}

void exact_value2(const struct exact_sum *sum, double *high, double *low) {
    struct exact_sum rest = *sum;
    *high = exact_value(sum);
    *low = 0;
    if (!isfinite(*high))
        return;
    exact_add(&rest, -*high);
    *low = exact_value(&rest);
}
