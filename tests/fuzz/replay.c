// The main of fuzz programs where libFuzzer is absent: every file named is one input, run once.
#include <stdint.h>
#include <stdio.h>

#include "core/base/file.h"
#include "core/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int count, char **paths) {
    for (int i = 1; i < count; i++) {
        char *data;
        size_t size;
        struct error error;
        if (file_read(paths[i], 0, &data, &size, &error)) {
            fprintf(stderr, "%s\n", error.text);
            return 1;
        }
        LLVMFuzzerTestOneInput((const uint8_t *)data, size);
        mem_free(data);
    }
    printf("%s: %d inputs replayed\n", paths[0], count - 1);
    return 0;
}
