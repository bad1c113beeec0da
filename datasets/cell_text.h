// Characters of cells; for the cell_*.c files alone.
#ifndef DATASETS_CELL_TEXT_H
#define DATASETS_CELL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

static inline bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
static inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static inline bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline void cell_trim(const char **text, size_t *length) {
    while (*length > 0 && is_blank((*text)[0])) {
        (*text)++;
        (*length)--;
    }
    while (*length > 0 && is_blank((*text)[*length - 1]))
        (*length)--;
}

#endif
