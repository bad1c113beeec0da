#include "datasets/recent.h"

#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/input.h"

#define FILE_MOST ((size_t)1 << 18)

static void keep(struct recent *recent, const char *path, size_t length) {
    if (recent->count == RECENT_MOST || length == 0 || length >= RECENT_PATH_SIZE || path[0] != '/')
        return;
    memcpy(recent->paths[recent->count], path, length);
    recent->paths[recent->count][length] = '\0';
    recent->count += file_exists(recent->paths[recent->count]);
}

void recent_read(struct recent *recent) {
    struct str path = {0};
    struct error error;
    char *text = NULL;
    size_t size = 0;
    recent->count = 0;
    if (file_home_path(FILE_STATE, "recent", &path, &error) == STATUS_OK &&
        file_read(str_text(&path), FILE_MOST, &text, &size, &error) == STATUS_OK)
        for (const char *line = text; *line;) {
            size_t length = strcspn(line, "\n");
            keep(recent, line, length);
            line += length + (line[length] == '\n');
        }
    mem_free(text);
    str_free(&path);
}

static enum status write_all(const char *first, const struct recent *recent, struct error *error) {
    struct str folder = {0}, path = {0};
    struct file_writer writer = {0};
    enum status status = file_home_path(FILE_STATE, NULL, &folder, error);
    if (!status)
        status = file_make_folder(str_text(&folder), error);
    if (!status) {
        path_join(&path, str_text(&folder), "recent");
        status = file_create(&writer, str_text(&path), error);
    }
    if (!status) {
        fprintf(writer.stream, "%s\n", first);
        for (size_t i = 0, left = RECENT_MOST - 1; i < recent->count && left > 0; i++)
            if (!text_equal(recent->paths[i], first)) {
                fprintf(writer.stream, "%s\n", recent->paths[i]);
                left--;
            }
        status = file_commit(&writer, error);
    }
    str_free(&folder);
    str_free(&path);
    return status;
}

enum status recent_add(const char *path, struct error *error) {
    struct recent recent;
    struct str whole = {0};
    if (text_equal(path, INPUT_STANDARD) || strchr(path, '\n'))
        return STATUS_OK;
    enum status status = file_absolute(path, &whole, error);
    recent_read(&recent);
    if (!status && whole.length < RECENT_PATH_SIZE)
        status = write_all(str_text(&whole), &recent, error);
    str_free(&whole);
    return status;
}
