// Any text is a number or none, without a read beyond its end, and a number agrees with the C library.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = mem_alloc(size + 1, 1), again[32];
    double value, back;
    if (!text)
        return 0;
    memcpy(text, data, size);
    if (number_parse(text, &value) && value == value) {
        if (value != strtod(text, NULL) || !number_parse(number_text(value, again), &back) || back != value)
            abort();
    }
    mem_free(text);
    return 0;
}
