#include "views/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "views/request.h"
#include "views/theme.h"

#define LINE_MOST 256
#define FILE_MOST ((size_t)1 << 20)

struct reading {
    const char *path;
    size_t line;
    struct config *config;
    size_t bound_at[REQUEST_COUNT]; // the line that binds its keys; 0 = none
    size_t colors;                  // the first line with one; 0 = none
    struct {
        char ink[32];
        uint32_t rgb;
        size_t line;
    } tints[INK_COUNT * 2];
    size_t tint_count;
};

static void mistake(struct reading *reading, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void mistake(struct reading *reading, size_t line, const char *format, ...) {
    char words[300], sentence[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(sentence, sizeof sentence, "%.160s:%zu: %.300s", reading->path, line, words);
    if (reading->config->mistakes++ == 0)
        memcpy(reading->config->first, sentence, sizeof sentence);
    else
        log_add(LOG_WARNING, "%s", sentence);
}

// ---- one line -------------------------------------------------------------------------------------------

static void take_key(struct reading *reading, const char *name, const char *keys) {
    char word[32];
    enum request request = request_of_name(name);
    if (request == REQUEST_NONE) {
        mistake(reading, reading->line, "no command is called \"%.60s\"; : on the screen lists them", name);
        return;
    }
    if (strlen(keys) >= REQUEST_KEYS_SIZE) {
        mistake(reading, reading->line, "%.60s: these are too many keys", name);
        return;
    }
    const char *unknown = request_bind(request, keys, word);
    if (unknown)
        mistake(reading, reading->line, "no key is called \"%.31s\"; write q, Ctrl-A, Alt-x, Enter, PgDn, F5", unknown);
    else
        reading->bound_at[request] = reading->line;
}

static bool read_color(const char *text, uint32_t *rgb) {
    if (text[0] != '#' || strlen(text) != 7 || strspn(text + 1, "0123456789abcdefABCDEF") != 6)
        return false;
    *rgb = (uint32_t)strtoul(text + 1, NULL, 16);
    return true;
}

// Colors wait for the end: the theme they change may be named behind them.
static void take_color(struct reading *reading, const char *ink, const char *text) {
    uint32_t rgb;
    size_t most = sizeof reading->tints / sizeof *reading->tints;
    if (!read_color(text, &rgb)) {
        mistake(reading, reading->line, "\"%.60s\" is no color; write #rrggbb, as in #ff8800", text);
    } else if (reading->tint_count < most) {
        snprintf(reading->tints[reading->tint_count].ink, sizeof reading->tints->ink, "%.31s", ink);
        reading->tints[reading->tint_count].rgb = rgb;
        reading->tints[reading->tint_count++].line = reading->line;
    }
}

static void take_switch(struct reading *reading, const char *name, const char *text, bool *on) {
    if (!text_equal(text, "yes") && !text_equal(text, "no"))
        mistake(reading, reading->line, "%s \"%.60s\": must be yes or no", name, text);
    else
        *on = text_equal(text, "yes");
}

static void take_setting(struct reading *reading, const char *name, const char *text) {
    struct config *config = reading->config;
    bool mouse = !config->no_mouse, pictures = !config->no_pictures;
    if (text_starts(name, "key ")) {
        take_key(reading, name + 4, text);
    } else if (text_starts(name, "color ")) {
        take_color(reading, name + 6, text);
    } else if (text_equal(name, "ascii")) {
        take_switch(reading, name, text, &config->ascii);
    } else if (text_equal(name, "mouse")) {
        take_switch(reading, name, text, &mouse);
        config->no_mouse = !mouse;
    } else if (text_equal(name, "pictures")) {
        take_switch(reading, name, text, &pictures);
        config->no_pictures = !pictures;
    } else if (!text_equal(name, "theme")) {
        mistake(reading, reading->line, "\"%.60s\" is no setting; there are theme, ascii, mouse, pictures, color INK and key COMMAND",
                name);
    } else if (!theme_find(text)) {
        mistake(reading, reading->line, "theme \"%.60s\": must be dark, light, safe, 16 or mono", text);
    } else {
        snprintf(config->theme, sizeof config->theme, "%.15s", text);
    }
}

static char *trimmed(char *text) {
    text += strspn(text, " \t");
    for (size_t length = strlen(text); length > 0 && strchr(" \t\r", text[length - 1]); length--)
        text[length - 1] = '\0';
    return text;
}

static void take_line(struct reading *reading, const char *text, size_t length) {
    char line[LINE_MOST];
    if (length >= sizeof line) {
        mistake(reading, reading->line, "the line is longer than %d bytes", LINE_MOST - 1);
        return;
    }
    memcpy(line, text, length);
    line[length] = '\0';
    char *name = trimmed(line), *sign = strchr(name, '=');
    if (!name[0] || name[0] == '#')
        return;
    if (!sign) {
        mistake(reading, reading->line, "\"%.60s\" sets nothing; write a name, = and a value", name);
        return;
    }
    *sign = '\0';
    take_setting(reading, trimmed(name), trimmed(sign + 1));
}

// ---- the whole ------------------------------------------------------------------------------------------

// Keys that two commands would share: the later one gets its usual keys back, until all are its own.
static void settle_keys(struct reading *reading) {
    for (bool again = true; again;) {
        enum request latest = REQUEST_NONE;
        char key[32];
        for (int i = 1; i < REQUEST_COUNT; i++)
            if (reading->bound_at[i] > (latest ? reading->bound_at[latest] : 0) &&
                request_clash((enum request)i, key) != REQUEST_NONE)
                latest = (enum request)i;
        again = latest != REQUEST_NONE;
        if (!again)
            continue;
        enum request other = request_clash(latest, key);
        mistake(reading, reading->bound_at[latest], "%s cannot have the key %s, which is for: %s", request_row(latest)->name,
                key, request_row(other)->name);
        request_bind(latest, NULL, key);
        reading->bound_at[latest] = 0;
    }
}

static void settle_colors(struct reading *reading) {
    struct config *config = reading->config;
    if (reading->tint_count == 0)
        return;
    theme_own_begin(theme_find(config->theme[0] ? config->theme : "dark"));
    strcpy(config->theme, "own");
    for (size_t i = 0; i < reading->tint_count; i++)
        if (!theme_own_ink(reading->tints[i].ink, reading->tints[i].rgb))
            mistake(reading, reading->tints[i].line, "no ink is called \"%.31s\"; there are accent, training, validation, …",
                    reading->tints[i].ink);
}

void config_take(const char *path, const char *text, struct config *config) {
    struct reading reading = {.path = path, .config = config};
    while (*text) {
        size_t length = strcspn(text, "\n");
        reading.line++;
        take_line(&reading, text, length);
        text += length + (text[length] == '\n');
    }
    settle_keys(&reading);
    settle_colors(&reading);
}

enum status config_read(struct config *config, struct error *error) {
    struct str path = {0};
    char *text = NULL;
    size_t size = 0;
    *config = (struct config){0};
    enum status status = file_home_path(FILE_CONFIG, "config", &path, error);
    if (!status && file_exists(str_text(&path))) {
        status = file_read(str_text(&path), FILE_MOST, &text, &size, error);
        if (!status)
            config_take(str_text(&path), text, config);
    }
    mem_free(text);
    str_free(&path);
    return status;
}
