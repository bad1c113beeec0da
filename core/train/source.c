#include "core/train/source.h"

#include <stddef.h>

struct source *source_share(struct source *source) {
    atomic_fetch_add(&source->references, 1);
    return source;
}

void source_release(struct source *source) {
    if (source != NULL && atomic_fetch_sub(&source->references, 1) == 1)
        source->destroy(source);
}
