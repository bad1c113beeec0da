#include "views/request.h"

#include <stdio.h>
#include <string.h>

#include "views/canvas.h"

static struct request_row rows[REQUEST_COUNT] = {
#define X(id, keys, views, name, footer, help) [REQUEST_##id] = {REQUEST_##id, keys, views, name, footer, help},
    REQUESTS(X)
#undef X
};
static const char *const own_keys[REQUEST_COUNT] = {
#define X(id, keys, views, name, footer, help) [REQUEST_##id] = keys,
    REQUESTS(X)
#undef X
};
static char bound_keys[REQUEST_COUNT][REQUEST_KEYS_SIZE];

const struct request_row *request_row(enum request request) {
    return (unsigned)request < REQUEST_COUNT ? &rows[request] : &rows[REQUEST_NONE];
}

// The next name of a list separated by blanks; false at the end.
static bool next_key(const char **keys, char out[32]) {
    *keys += strspn(*keys, " ");
    size_t length = strcspn(*keys, " ");
    if (length == 0)
        return false;
    snprintf(out, 32, "%.*s", (int)length, *keys);
    *keys += length;
    return true;
}

static bool row_has_key(const struct request_row *row, const struct input_event *event) {
    const char *keys = row->keys;
    char name[32];
    struct input_event key;
    while (next_key(&keys, name))
        if (input_parse(name, &key) && input_same_key(&key, event))
            return true;
    return false;
}

bool request_in_view(enum request request, enum view_id view) {
    return (request_row(request)->views & 1u << view) != 0;
}

enum request request_of_key(enum view_id view, const struct input_event *event) {
    enum request general = REQUEST_NONE;
    for (int i = 1; i < REQUEST_COUNT; i++) {
        const struct request_row *row = &rows[i];
        if (!request_in_view(row->id, view) || !row_has_key(row, event))
            continue;
        if (row->views != IN_ALL)
            return row->id;
        if (general == REQUEST_NONE)
            general = row->id;
    }
    return general;
}

char *request_keys_in_view(enum request request, enum view_id view, char out[REQUEST_KEYS_SIZE]) {
    const char *keys = request_row(request)->keys;
    char name[32];
    struct input_event key;
    size_t used = 0;
    out[0] = '\0';
    while (request_in_view(request, view) && next_key(&keys, name))
        if (input_parse(name, &key) && request_of_key(view, &key) == request)
            used += (size_t)snprintf(out + used, REQUEST_KEYS_SIZE - used, "%s%s", used ? " " : "", name);
    return out;
}

enum request request_of_name(const char *name) {
    for (int i = 1; i < REQUEST_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].id;
    return REQUEST_NONE;
}

char *request_key(enum request request, char out[32]) {
    const char *keys = request_row(request)->keys;
    out[0] = '\0';
    next_key(&keys, out);
    return out;
}

// ---- other keys ------------------------------------------------------------------------------------

const char *request_bind(enum request request, const char *keys, char word[32]) {
    const char *left = keys ? keys : "";
    struct input_event key;
    while (next_key(&left, word))
        if (!input_parse(word, &key))
            return word;
    if (keys)
        snprintf(bound_keys[request], REQUEST_KEYS_SIZE, "%s", keys);
    rows[request].keys = keys ? bound_keys[request] : own_keys[request];
    return NULL;
}

enum request request_clash(enum request request, char key[32]) {
    const struct request_row *row = &rows[request];
    const char *keys = row->keys;
    struct input_event event;
    while (next_key(&keys, key))
        for (int i = 1; i < REQUEST_COUNT; i++) {
            bool same_rank = (rows[i].views == IN_ALL) == (row->views == IN_ALL);
            if (i != (int)request && same_rank && (rows[i].views & row->views) && input_parse(key, &event) &&
                row_has_key(&rows[i], &event))
                return rows[i].id;
        }
    return REQUEST_NONE;
}

// ---- the table's own test ------------------------------------------------------------------------

static const char *check_keys(const struct request_row *row, char *sentence, size_t size) {
    char key[32], word[32];
    const char *keys = row->keys;
    struct input_event event;
    while (next_key(&keys, word))
        if (!input_parse(word, &event)) {
            snprintf(sentence, size, "%s: no key is called \"%s\"", row->name, word);
            return sentence;
        }
    enum request other = request_clash(row->id, key);
    if (other == REQUEST_NONE)
        return NULL;
    snprintf(sentence, size, "%s and %s share the key %s", row->name, rows[other].name, key);
    return sentence;
}

const char *request_check(char sentence[160]) {
    for (int i = 1; i < REQUEST_COUNT; i++) {
        const struct request_row *row = &rows[i];
        size_t help = strlen(row->help);
        if (help == 0 || row->help[help - 1] != '.' || row->name[0] == '\0') {
            snprintf(sentence, 160, "request %d (%s): the help must be a sentence", i, row->name);
            return sentence;
        }
        const char *mistake = check_keys(row, sentence, 160);
        if (mistake)
            return mistake;
    }
    return NULL;
}

// ---- footer --------------------------------------------------------------------------------------

static bool is_shadowed(const struct request_row *row, enum view_id view) {
    char name[32];
    struct input_event key;
    return input_parse(request_key(row->id, name), &key) && request_of_key(view, &key) != row->id;
}

// "raise learning rate" and "lower learning rate": one footer entry with both keys.
static bool are_opposites(const struct request_row *a, const struct request_row *b) {
    const char *what_a = a->name ? strchr(a->name, ' ') : NULL, *what_b = strchr(b->name, ' ');
    return what_a && what_b && a->footer[0] == '\0' && a->views == b->views && strcmp(what_a, what_b) == 0;
}

static int footer_keys(const struct request_row *row, char *out, size_t size) {
    char key[32], partner[32] = "";
    const struct request_row *before = &rows[row->id - 1];
    if (are_opposites(before, row))
        request_key(before->id, partner);
    request_key(row->id, key);
    return snprintf(out, size, "%s%s%s", partner, partner[0] ? " " : "", key);
}

static int footer_entry(struct canvas *canvas, int x, int limit, int y, const struct request_row *row) {
    char keys[72];
    footer_keys(row, keys, sizeof keys);
    int width = text_width(keys, canvas->ascii) + 1 + text_width(row->footer, canvas->ascii) + 2;
    if (x + width > limit)
        return -1;
    x += canvas_text(canvas, x, y, style_bold(INK_KEY), keys) + 1;
    canvas_text(canvas, x, y, style_ink(INK_DIM), row->footer);
    return width;
}

void request_footer(struct canvas *canvas, const struct rect *row, enum view_id view) {
    static const enum request always[] = {REQUEST_HELP, REQUEST_PALETTE, REQUEST_QUIT};
    struct rect old = canvas_clip(canvas, *row);
    int x = row->x + 1, limit = row->x + row->width, tail = 0;
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        tail += text_width(request_row(always[i])->footer, canvas->ascii) + 4;
    for (int i = 1; i < REQUEST_COUNT; i++) {
        const struct request_row *entry = &rows[i];
        if (entry->views == IN_ALL || !entry->footer[0] || !request_in_view(entry->id, view) || is_shadowed(entry, view))
            continue;
        int used = footer_entry(canvas, x, limit - tail, row->y, entry);
        if (used < 0)
            break;
        x += used;
    }
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        int used = footer_entry(canvas, x, limit + 2, row->y, request_row(always[i]));
        x += used > 0 ? used : 0;
    }
    canvas_unclip(canvas, old);
}
