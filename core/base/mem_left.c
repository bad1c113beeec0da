#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/mem.h"

// The number that follows `name` at the start of a line, 0 when it is not there.
static uint64_t kernel_figure(const char *path, const char *name) {
    char line[256];
    unsigned long long figure = 0;
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) != 0)
            continue;
        figure = strtoull(line + strlen(name), NULL, 10);
        break;
    }
    if (file != NULL)
        fclose(file);
    return figure;
}

static void lower(uint64_t *least, uint64_t limit, uint64_t used) {
    uint64_t left = limit > used ? limit - used : 1;
    if (limit > 0 && left < *least)
        *least = left;
}

uint64_t mem_space_left(void) {
    struct rlimit limit;
    uint64_t left = UINT64_MAX;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        lower(&left, limit.rlim_cur, kernel_figure("/proc/self/status", "VmSize:") * 1024);
    if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        lower(&left, limit.rlim_cur, kernel_figure("/proc/self/status", "VmData:") * 1024);
    return left;
}

void mem_spare_space(void) {
#ifdef M_ARENA_MAX
    if (mem_space_left() != UINT64_MAX)
        mallopt(M_ARENA_MAX, 1);
#endif
}

uint64_t mem_left(void) {
    uint64_t left = mem_space_left();
    lower(&left, kernel_figure("/proc/meminfo", "MemAvailable:") * 1024, 0);
    // Pages of files that the group has read are given up when they are needed; anonymous ones are not.
    lower(&left, kernel_figure("/sys/fs/cgroup/memory.max", ""), kernel_figure("/sys/fs/cgroup/memory.stat", "anon "));
    return left == UINT64_MAX ? (uint64_t)4 << 30 : left;
}
