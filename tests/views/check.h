// What every test of the views includes before anything else, in the order cmocka wants it.
#ifndef TESTS_VIEWS_CHECK_H
#define TESTS_VIEWS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

// Pseudo-random numbers that are the same in every run; `state` starts at any value but 0.
static inline uint32_t check_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#endif
