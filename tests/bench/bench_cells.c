// What reading a cell costs: numbers by cell_take (reads and learns), number_cell_fast and number_cell_read beside
// strtod; dates by cell_date_fast and cell_date_as beside strptime + timegm. One JSON object a line.
#define _GNU_SOURCE // strptime
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "datasets/types.h"

enum { CELLS = 100000, ROUNDS = 9, WIDTH = 40 };

static char cells[CELLS][WIDTH];
static size_t lengths[CELLS];
static double sink;
static const char *pattern; // of strptime

static void take(void) {
    static const struct cell_format plain = {.type = COLUMN_NUMERIC};
    static const struct cell_format iso = {.type = COLUMN_DATE};
    struct cell_evidence evidence;
    cell_evidence_begin(&evidence);
    double value;
    for (size_t i = 0; i < CELLS; i++)
        if (cell_take(pattern == NULL ? &plain : &iso, &evidence, cells[i], lengths[i], i + 1, &value))
            sink += value;
}

static void fast(void) {
    struct number_cell number;
    for (size_t i = 0; i < CELLS; i++)
        if (number_cell_fast(cells[i], lengths[i], &number) || number_cell_read(cells[i], lengths[i], &number))
            sink += number.value;
}

static void careful(void) {
    struct number_cell number;
    for (size_t i = 0; i < CELLS; i++)
        if (number_cell_read(cells[i], lengths[i], &number))
            sink += number.value;
}

static void library(void) {
    for (size_t i = 0; i < CELLS; i++)
        sink += strtod(cells[i], NULL);
}

static void day_first(void) {
    double seconds;
    for (size_t i = 0; i < CELLS; i++)
        if (cell_date_as(cells[i], lengths[i], DATE_DMY_SLASH, &seconds))
            sink += seconds;
}

static void library_date(void) {
    for (size_t i = 0; i < CELLS; i++) {
        struct tm time = {0};
        if (strptime(cells[i], pattern, &time) != NULL)
            sink += (double)timegm(&time);
    }
}

// ns a cell: the best of some rounds, the machine may be busy.
static double measure(void (*work)(void)) {
    double best = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        double start = clock_now();
        work();
        double spent = (clock_now() - start) / CELLS * 1e9;
        best = spent < best ? spent : best;
    }
    return best;
}

static void print(const char *work, const char *way, double figure, const char *peer, double peer_figure) {
    printf("{\"bench\":\"cells\",\"work\":\"%s, %s\",\"figure\":%.1f,\"unit\":\"ns/cell\",\"peer\":\"%s\","
           "\"peer_figure\":%.1f,\"ratio\":%.1f,\"device\":\"cpu\"}\n",
           work, way, figure, peer, peer_figure, peer_figure / figure);
    fflush(stdout);
}

static double uniform(void) {
    return ((double)rand() + 0.5) / ((double)RAND_MAX + 1);
}

static void numbers(const char *work, const char *format, double scale) {
    pattern = NULL;
    for (size_t i = 0; i < CELLS; i++)
        lengths[i] = (size_t)snprintf(cells[i], WIDTH - NUMBER_PADDING, format, uniform() * scale);
    double peer = measure(library);
    print(work, "read and learned", measure(take), "strtod", peer);
    print(work, "fast", measure(fast), "strtod", peer);
    print(work, "careful", measure(careful), "strtod", peer);
}

static void dates(const char *work, const char *format, void (*way)(void)) {
    pattern = format;
    for (size_t i = 0; i < CELLS; i++) {
        time_t when = (time_t)(uniform() * 2e9);
        struct tm time;
        lengths[i] = strftime(cells[i], WIDTH - NUMBER_PADDING, format, gmtime_r(&when, &time));
    }
    print(work, "read", measure(way), "strptime", measure(library_date));
}

int main(void) {
    numbers("whole numbers below 100", "%.0f", 100);
    numbers("whole numbers below 1e6", "%.0f", 1e6);
    numbers("two decimals", "%.2f", 1000);
    numbers("six decimals", "%.6f", 1000);
    numbers("17 digits", "%.17g", 1);
    numbers("exponents", "%.6e", 1e-9);
    dates("2020-01-31", "%Y-%m-%d", take);
    dates("2020-01-31 10:20:30", "%Y-%m-%d %H:%M:%S", take);
    dates("31/01/2020", "%d/%m/%Y", day_first);
    return sink == 0.5; // used
}
