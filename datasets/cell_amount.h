// Numbers with something around them: a currency sign, per cent, a unit, or parentheses for a minus.
#ifndef DATASETS_CELL_AMOUNT_H
#define DATASETS_CELL_AMOUNT_H

#include <stdbool.h>
#include <stddef.h>

enum { AMOUNT_SYMBOL = 15, AMOUNT_NUMBER = 64 }; // bytes at most

struct amount {
    char number[AMOUNT_NUMBER + 8]; // the number alone, its sign before it
    size_t length;
    char symbol[AMOUNT_SYMBOL + 1]; // the sign or unit, "" = none
    unsigned seen;                  // of enum cell_seen: CURRENCY, PERCENT, UNIT, PARENTHESES, or BARE alone
};

// "$1,234.50", "-5 EUR", "12 %", "37 °C", "(3.20)". False: not a number with one such thing around it. The number
// itself is not read here. Any thread.
bool cell_amount(const char *text, size_t length, struct amount *amount);

#endif
