#include "tests/support/json_lines.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

void json_lines_read(struct json_lines *lines, const char *text) {
    lines->count = 0;
    while (*text) {
        size_t length = strcspn(text, "\n");
        assert_true(lines->count < JSON_LINES_MOST);
        assert_int_equal(text[length], '\n'); // every line ends
        lines->texts[lines->count] = strndup(text, length);
        lines->items[lines->count] = cJSON_Parse(lines->texts[lines->count]);
        if (!cJSON_IsObject(lines->items[lines->count]))
            fail_msg("not an object: %s", lines->texts[lines->count]);
        lines->count++;
        text += length + 1;
    }
}

void json_lines_free(struct json_lines *lines) {
    for (size_t i = 0; i < lines->count; i++) {
        cJSON_Delete(lines->items[i]);
        free(lines->texts[i]);
    }
    lines->count = 0;
}
