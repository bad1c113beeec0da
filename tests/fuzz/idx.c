// Any two files are images with as many labels in range, or a sentence. The input's first two bytes
// say how long the labels file is; it follows, and the rest is the images file. Either may be gzip.
#include <stdint.h>
#include <stdlib.h>

#include "datasets/images.h"
#include "tests/support/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dataset dataset = {0};
    struct error error = {0};
    if (size < 2)
        return 0;
    size_t wanted = (size_t)(data[0] | data[1] << 8), labels = wanted < size - 2 ? wanted : size - 2;
    scratch_file("train-labels-idx1-ubyte", data + 2, labels);
    const char *path = scratch_file("train-images-idx3-ubyte", data + 2 + labels, size - 2 - labels);
    enum status status = loader_idx.load(path, NULL, &dataset, NULL, &error);
    const struct image_set *images = dataset.images;
    volatile unsigned sum = 0; // every byte is read, so that the sanitizers see what is not there
    for (size_t i = 0; status == STATUS_OK && i < images->count * images->height * images->width; i++)
        sum = sum + images->pixels[i];
    for (size_t i = 0; status == STATUS_OK && i < images->count; i++)
        if (images->labels[i] < 0 || (size_t)images->labels[i] >= images->classes)
            abort();
    if (status != STATUS_OK && (error.status != status || error.text[0] == '\0'))
        abort();
    images_free(dataset.images);
    notes_free(&dataset.notes);
    return 0;
}
