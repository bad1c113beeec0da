#include "tests/support/fixture.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH "tests/fixtures/train.txt" // tests run in the repository's top folder

size_t fixture_read_from(const char *path, const char *kind, const char *name, double *values, size_t most) {
    FILE *file = fopen(path, "r");
    char found_kind[32], found_name[32];
    size_t count = 0;
    while (file != NULL && fscanf(file, "%31s %31s", found_kind, found_name) == 2) {
        bool wanted = strcmp(found_kind, kind) == 0 && strcmp(found_name, name) == 0;
        size_t there = 1;
        if (strcmp(found_kind, "weights") != 0 && fscanf(file, "%zu", &there) != 1) {
            break;
        }
        for (size_t i = 0; i < there; i++) {
            double value;
            if (fscanf(file, "%lf", &value) != 1) {
                abort();
            }
            if (wanted && i < most) {
                values[i] = value;
            }
        }
        if (wanted) {
            count = there;
            break;
        }
    }
    if (file == NULL || count == 0) {
        fprintf(stderr, "%s: no %s %s\n", path, kind, name);
        abort();
    }
    fclose(file);
    return count;
}

size_t fixture_read(const char *kind, const char *name, double *values, size_t most) {
    return fixture_read_from(PATH, kind, name, values, most);
}
