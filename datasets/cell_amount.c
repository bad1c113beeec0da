#include "datasets/cell_amount.h"

#include <string.h>

#include "datasets/cell_format.h"
#include "datasets/cell_text.h"

static const char *const currencies[] = {
    "US$", "C$",  "A$",  "R$",  "NZ$", "HK$", "$",   "€",   "£",   "¥",   "₹",   "₽", "₩",
    "₪",   "₺",   "₫",   "฿",   "₴",   "₦",   "₱",   "¢",   "USD", "EUR", "GBP", "JPY", "CHF",
    "CAD", "AUD", "NZD", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "BRL", "MXN",
    "RUB", "TRY", "KRW", "ZAR", "SGD", "HKD", "Fr.", "kr",  "zł",  "Kč",
};
#define CURRENCIES (sizeof currencies / sizeof *currencies)

static bool starts(const char *text, size_t length, const char *with) {
    return length >= strlen(with) && memcmp(text, with, strlen(with)) == 0;
}

static size_t currency_at(const char *text, size_t length) {
    for (size_t i = 0; i < CURRENCIES; i++)
        if (starts(text, length, currencies[i]))
            return strlen(currencies[i]);
    return 0;
}

// Blanks, no-break and thin spaces at the start.
static size_t blanks_at(const char *text, size_t length) {
    size_t at = 0;
    for (;;) {
        if (at < length && is_blank(text[at]))
            at++;
        else if (starts(text + at, length - at, "\xc2\xa0"))
            at += 2;
        else if (starts(text + at, length - at, "\xe2\x80\x89") || starts(text + at, length - at, "\xe2\x80\xaf"))
            at += 3;
        else
            return at;
    }
}

// Where the number at the start ends: behind its last digit, or behind a point that ends it.
static size_t number_end(const char *text, size_t length) {
    size_t end = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (is_digit(text[i]))
            end = i + 1;
        else if (is_letter(text[i]) || strchr("%$/()", c) != NULL)
            break;
    }
    return end;
}

// Letters, a few signs and characters beyond ASCII: "kg", "km/h", "°C", "m²".
static bool is_unit(const char *text, size_t length) {
    if (length == 0 || length > 8)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_letter(text[i]) && (unsigned char)text[i] < 0x80 && (text[i] != '/' || i == 0))
            return false;
    return true;
}

static bool set_symbol(struct amount *amount, const char *text, size_t length, unsigned kind) {
    if (amount->symbol[0] != '\0' || length > AMOUNT_SYMBOL)
        return false;
    memcpy(amount->symbol, text, length);
    amount->symbol[length] = '\0';
    amount->seen |= kind;
    return true;
}

// What stands behind the number.
static bool read_behind(const char *text, size_t length, struct amount *amount) {
    size_t blanks = blanks_at(text, length), currency;
    text += blanks;
    length -= blanks;
    if (length == 0)
        return true;
    currency = currency_at(text, length);
    if (currency == length)
        return set_symbol(amount, text, length, CELL_SEEN_CURRENCY);
    bool percent = (length == 1 && *text == '%') || (length == 3 && starts(text, length, "‰"));
    if (percent)
        return set_symbol(amount, text, length, CELL_SEEN_PERCENT);
    return is_unit(text, length) && set_symbol(amount, text, length, CELL_SEEN_UNIT);
}

bool cell_amount(const char *text, size_t length, struct amount *amount) {
    *amount = (struct amount){.length = 0};
    cell_trim(&text, &length);
    if (length > 2 && text[0] == '(' && text[length - 1] == ')') {
        text++;
        length -= 2;
        cell_trim(&text, &length);
        amount->seen = CELL_SEEN_PARENTHESES;
    }
    bool sign = length > 0 && (text[0] == '-' || text[0] == '+'), negative = sign && text[0] == '-';
    text += sign;
    length -= sign;
    size_t before = currency_at(text, length);
    if (before > 0 && !set_symbol(amount, text, before, CELL_SEEN_CURRENCY))
        return false;
    if (before > 0)
        before += blanks_at(text + before, length - before);
    text += before;
    length -= before;
    if (length > 0 && !sign && before > 0 && *text == '-') { // "$-5"
        sign = negative = true;
        text++;
        length--;
    }
    size_t end = number_end(text, length);
    bool parentheses = (amount->seen & CELL_SEEN_PARENTHESES) != 0;
    if (end == 0 || end > AMOUNT_NUMBER || (parentheses && sign) || !(is_digit(*text) || *text == '.' || *text == ','))
        return false;
    if (negative || parentheses)
        amount->number[amount->length++] = '-';
    memcpy(amount->number + amount->length, text, end);
    amount->length += end;
    return read_behind(text + end, length - end, amount);
}
