// Any text is a recipe or is refused; one that was read is written so that it reads back the same.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pipeline *load(const char *json) {
    struct error error = {0};
    struct pipeline *pipeline = NULL;
    if (pipeline_load(json, "fuzz", &pipeline, &error) != STATUS_OK && error.text[0] == '\0')
        abort(); // refused without a sentence
    return pipeline;
}

static char *save(const struct pipeline *pipeline) {
    struct error error;
    char *json = NULL;
    if (pipeline_save(pipeline, true, &json, &error) != STATUS_OK)
        abort();
    return json;
}

static void check_short_form(const char *text) {
    struct error error = {0};
    struct pipeline *pipeline = NULL;
    if (pipeline_parse(text, &pipeline, &error) == STATUS_OK)
        pipeline_free(pipeline);
    else if (error.text[0] == '\0')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = mem_alloc(size + 1, 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    struct pipeline *pipeline = load(text);
    if (pipeline) {
        char *json = save(pipeline);
        struct pipeline *again = load(json);
        if (!again)
            abort();
        char *same = save(again);
        if (strcmp(json, same) != 0)
            abort();
        mem_free(same);
        mem_free(json);
        pipeline_free(again);
    }
    check_short_form(text);
    pipeline_free(pipeline);
    mem_free(text);
    return 0;
}
