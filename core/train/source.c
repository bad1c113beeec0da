#include "core/train/source.h"

#include <stddef.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/spill.h"

#define RUN_BYTES ((size_t)1 << 20) // read at a time

struct source *source_share(struct source *source) {
    atomic_fetch_add(&source->references, 1);
    return source;
}

void source_release(struct source *source) {
    if (source != NULL && atomic_fetch_sub(&source->references, 1) == 1)
        source->destroy(source);
}

size_t source_row_bytes(const struct source *source) {
    return (size_t)shape_count(source->sample) * dtype_size(source->dtype);
}

enum status source_read(const struct source *source, size_t first, size_t count, void *to, struct error *error) {
    size_t bytes = source_row_bytes(source);
    if (source->features == NULL)
        return spill_read(source->file, to, count * bytes, first * bytes, error);
    memcpy(to, (const char *)source->features + first * bytes, count * bytes);
    return STATUS_OK;
}

// How many of the rows lie, ascending, within one run of `most` rows.
static size_t run_length(const uint32_t *rows, size_t count, size_t most) {
    size_t length = 1;
    while (length < count && rows[length] > rows[length - 1] && rows[length] - rows[0] < most)
        length++;
    return length;
}

static enum status gather_stored(const struct source *source, const uint32_t *rows, size_t count, char *to,
                                 struct error *error) {
    size_t bytes = source_row_bytes(source), most = RUN_BYTES / bytes + 1;
    char *run = mem_alloc(most, bytes);
    enum status status = run == NULL ? error_memory(error, "a run of rows", most * bytes) : STATUS_OK;
    for (size_t length; count > 0 && !status; rows += length, count -= length) {
        length = run_length(rows, count, most);
        status = source_read(source, rows[0], rows[length - 1] - rows[0] + 1, run, error);
        for (size_t i = 0; i < length && !status; i++, to += bytes)
            memcpy(to, run + (rows[i] - rows[0]) * bytes, bytes);
    }
    mem_free(run);
    return status;
}

enum status source_gather(const struct source *source, const uint32_t *rows, size_t count, void *to,
                          struct error *error) {
    size_t bytes = source_row_bytes(source);
    if (source->features == NULL)
        return gather_stored(source, rows, count, to, error);
    for (size_t i = 0; i < count; i++)
        memcpy((char *)to + i * bytes, (const char *)source->features + rows[i] * bytes, bytes);
    return STATUS_OK;
}
