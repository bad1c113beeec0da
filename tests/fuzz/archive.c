// Any bytes are an archive with whole pictures, or a sentence.
#include <stdint.h>
#include <stdlib.h>

#include "datasets/archive.h"
#include "datasets/dataset.h"
#include "tests/support/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dataset *dataset = NULL;
    struct error error = {0};
    if (!archive_is(data, size) && (size < 2 || data[0] != 0x1f || data[1] != 0x8b))
        return 0; // not the door that is tested
    enum status status = dataset_open(scratch_file("a.tar", data, size), NULL, &dataset, NULL, &error);
    if (status && (dataset || error.status != status || error.text[0] == '\0'))
        abort();
    if (!status && dataset->kind == DATASET_IMAGES)
        for (size_t i = 0; i < dataset->images->count; i++)
            if ((size_t)dataset->images->labels[i] >= dataset->images->classes)
                abort();
    dataset_free(dataset);
    return 0;
}
