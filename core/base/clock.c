#include "core/base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static double read_clock(clockid_t id) {
    struct timespec time;
    clock_gettime(id, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double real_now(void) {
    return read_clock(CLOCK_MONOTONIC);
}

static double real_wall(void) {
    return read_clock(CLOCK_REALTIME);
}

typedef double (*clock_function)(void);
static _Atomic(clock_function) current_now = real_now;
static _Atomic(clock_function) current_wall = real_wall;

double clock_now(void) {
    return atomic_load(&current_now)();
}

double clock_wall(void) {
    return atomic_load(&current_wall)();
}

void clock_replace(double (*now)(void), double (*wall)(void)) {
    atomic_store(&current_now, now ? now : real_now);
    atomic_store(&current_wall, wall ? wall : real_wall);
}

char *clock_text(double seconds, char out[16]) {
    const double most = 3600.0 * 9999999; // hours that still fit `out`
    if (!(seconds >= 0)) {
        snprintf(out, 16, "-");
    } else if (seconds < 0.9995) {
        snprintf(out, 16, "%.0f ms", seconds * 1e3);
    } else {
        unsigned long long whole = (unsigned long long)((seconds < most ? seconds : most) + 0.5);
        unsigned hours = (unsigned)(whole / 3600 % 10000000), minutes = (unsigned)(whole / 60 % 60);
        if (hours > 0)
            snprintf(out, 16, "%u:%02u:%02u", hours, minutes, (unsigned)(whole % 60));
        else
            snprintf(out, 16, "%u:%02u", minutes, (unsigned)(whole % 60));
    }
    return out;
}
