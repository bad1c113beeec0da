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

// Pixels may be anything, so a few bytes stand for a file: how much is missing or left over at its end, then a label
// for each record (two for CIFAR-100), whose pixels follow from it. Returns its size.
static size_t expand(const uint8_t *few, size_t count, size_t labels, uint8_t *data) {
    size_t size = 0;
    for (size_t i = 1; i + labels <= count; i += labels) {
        memcpy(data + size, few + i, labels);
        memset(data + size + labels, few[i] * 7 + (int)i, 3072);
        size += labels + 3072;
    }
    size_t over = few[0] % 32;
    memset(data + size, few[0], over);
    size += over;
    return few[0] < 128 ? size - over : few[0] < 192 && size > 64 ? size - over - (few[0] - 128u) : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t room[10 * 3074];
    for (size_t labels = 1; labels <= 2; labels++) {
        const uint8_t *file = size >= 1 && size <= 9 ? room : data; // larger ones are files as they stand
        size_t bytes = file == room ? expand(data, size, labels, room) : size;
        const char *path = scratch_file("data_batch_1.bin", file, bytes);
        load(labels == 1 ? &loader_cifar10 : &loader_cifar100, path, file, bytes, 3072 + labels);
    }
    return 0;
}
