// What a command prints with --json, line after line. Whatever is not one object a line, the last one ended too, fails
// the test.
#ifndef TESTS_SUPPORT_JSON_LINES_H
#define TESTS_SUPPORT_JSON_LINES_H

#include <cjson/cJSON.h>
#include <stddef.h>

enum { JSON_LINES_MOST = 4000 };
struct json_lines {
    cJSON *items[JSON_LINES_MOST];
    char *texts[JSON_LINES_MOST];
    size_t count;
};

void json_lines_read(struct json_lines *lines, const char *text);
void json_lines_free(struct json_lines *lines);

#endif
