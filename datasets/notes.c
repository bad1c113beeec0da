#include <stdarg.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "datasets/dataset.h"

static char *format_text(const char *format, va_list list) {
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = length < 0 ? NULL : mem_alloc((size_t)length + 1, 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, list);
    return text;
}

enum status notes_add(struct notes *notes, uint64_t line, const char *column, struct error *error, const char *format,
                      ...) {
    if (notes->count >= NOTES_MOST) {
        notes->dropped++;
        return STATUS_OK;
    }
    struct note note = {.line = line};
    va_list list;
    va_start(list, format);
    note.text = format_text(format, list);
    va_end(list);
    note.column = column == NULL ? NULL : mem_string(column);
    if (note.text == NULL || (column != NULL && note.column == NULL) ||
        !vec_reserve(&notes->items, &notes->capacity, notes->count + 1, sizeof *notes->items)) {
        mem_free(note.text);
        mem_free(note.column);
        return error_memory(error, "a note", sizeof note);
    }
    notes->items[notes->count++] = note;
    return STATUS_OK;
}

enum status notes_move(struct notes *to, struct notes *from, const char *file, struct error *error) {
    to->dropped += from->dropped;
    for (size_t i = 0; i < from->count; i++) {
        struct note *note = &from->items[i];
        if (to->count >= NOTES_MOST) {
            to->dropped++;
            continue;
        }
        if (note->file == NULL)
            note->file = mem_string(file);
        if (note->file == NULL || !vec_reserve(&to->items, &to->capacity, to->count + 1, sizeof *to->items))
            return error_memory(error, "a note", sizeof *note);
        to->items[to->count++] = *note;
        *note = (struct note){0};
    }
    notes_free(from);
    return STATUS_OK;
}

void notes_cut(struct notes *notes, size_t count) {
    while (notes->count > count) {
        notes->count--;
        mem_free(notes->items[notes->count].text);
        mem_free(notes->items[notes->count].column);
        mem_free(notes->items[notes->count].file);
    }
    notes->dropped = 0;
}

void notes_free(struct notes *notes) {
    notes_cut(notes, 0);
    mem_free(notes->items);
    *notes = (struct notes){0};
}
