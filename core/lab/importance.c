#include <math.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/lab/experiment.h"

enum { GROUPS = 4 };

struct scored {
    double x, score;
};

static int by_x(const void *a, const void *b) {
    double x = ((const struct scored *)a)->x, y = ((const struct scored *)b)->x;
    return (x > y) - (x < y);
}

// Where the group that begins at `first` ends: equal values never part.
static size_t group_end(const struct scored *sorted, size_t count, size_t first, size_t index, bool values) {
    size_t end = values ? first + 1 : (index + 1) * count / GROUPS;
    end = end > first ? end : first + 1;
    while (end < count && sorted[end].x == sorted[end - 1].x)
        end++;
    return end;
}

double experiment_importance(const double *x, const double *score, size_t count, bool values) {
    struct scored *sorted = mem_alloc(count + 1, sizeof *sorted);
    double mean = 0, total = 0, between = 0;
    size_t used = 0, groups = 0;
    for (size_t i = 0; sorted && i < count; i++) {
        if (isfinite(score[i]) && isfinite(x[i]))
            sorted[used++] = (struct scored){x[i], score[i]};
    }
    if (sorted)
        qsort(sorted, used, sizeof *sorted, by_x);
    for (size_t i = 0; i < used; i++)
        mean += sorted[i].score / (double)used;
    for (size_t first = 0, next; first < used; first = next, groups++) {
        double sum = 0;
        next = group_end(sorted, used, first, groups, values);
        for (size_t i = first; i < next; i++) {
            sum += sorted[i].score;
            total += (sorted[i].score - mean) * (sorted[i].score - mean);
        }
        double off = sum / (double)(next - first) - mean;
        between += (double)(next - first) * off * off;
    }
    mem_free(sorted);
    if (groups < 2 || used <= groups)
        return NAN;
    double chance = (double)(groups - 1) * (total - between) / (double)(used - groups);
    return total > 0 ? fmax(0, (between - chance) / total) : 0;
}
