// Any bytes are whole records with labels in range, or a sentence: for both kinds of CIFAR file.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/images.h"
#include "tests/support/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(const struct loader *loader, const char *path, const uint8_t *data, size_t size, size_t record) {
    struct dataset dataset = {0};
    struct error error = {0};
    enum status status = loader->load(path, NULL, &dataset, NULL, &error);
    const struct image_set *images = dataset.images;
    if (status == STATUS_OK && (images->count * record != size || images->test_from != images->count))
        abort();
    for (size_t i = 0; status == STATUS_OK && i < images->count; i++)
        if (images->labels[i] != data[(i + 1) * record - 3073] || (size_t)images->labels[i] >= images->classes ||
            memcmp(images->pixels + i * 3072, data + (i + 1) * record - 3072, 3072) != 0)
            abort();
    if (status != STATUS_OK && (error.status != status || error.text[0] == '\0'))
        abort();
    images_free(dataset.images);
    notes_free(&dataset.notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *path = scratch_file("data_batch_1.bin", data, size);
    load(&loader_cifar10, path, data, size, 3073);
    load(&loader_cifar100, path, data, size, 3074);
    return 0;
}
