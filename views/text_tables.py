#!/usr/bin/env python3
"""Writes views/text_tables.h from Python's Unicode data: python3 views/text_tables.py > views/text_tables.h"""
import unicodedata

DROPPED = set(range(0xFE00, 0xFE10)) | set(range(0xE0100, 0xE01F0)) | {0x200C, 0x200D}
ALWAYS_WIDE = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x1FA70, 0x1FAFF), (0x20000, 0x2FFFD),
               (0x30000, 0x3FFFD)]


def wide(code):
    if any(first <= code <= last for first, last in ALWAYS_WIDE):
        return True
    return unicodedata.category(chr(code)) != "Cn" and unicodedata.east_asian_width(chr(code)) in "WF"


def zero(code):
    jamo = 0x1160 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FB
    return code not in DROPPED and (unicodedata.category(chr(code)) in ("Mn", "Me") or jamo)


def hidden(code):
    # Nothing a terminal may see: format characters (bidirectional controls among them), separators of lines
    # and paragraphs, surrogates, and code points that mean nothing yet.
    if code in DROPPED or code < 0xA0:
        return False
    category = unicodedata.category(chr(code))
    return category in ("Cf", "Zl", "Zp", "Cs", "Cc") or (category == "Cn" and not wide(code))


def ranges(test):
    first = None
    for code in range(0x110001):
        inside = code < 0x110000 and test(code)
        if inside and first is None:
            first = code
        elif not inside and first is not None:
            yield first, code - 1
            first = None


def folds():
    table = {}
    for code in range(0xA0, 0x180):
        letters = [c for c in unicodedata.normalize("NFKD", chr(code)) if c.isascii() and c.isprintable()]
        if len(letters) == 1:
            table[code] = letters[0]
    for text, letter in [("‐‑‒–—―−", "-"), ("‘’‚′", "'"), ("“”„″", '"'), ("…", "~"), ("·•∙⋅", "."), ("×✕✖✗✘", "x"),
                         ("●■◆★", "*"), ("○◌◯□◇☆", "o"), ("▲△↑▴", "^"), ("▼▽↓▾", "v"), ("›▸▶→", ">"),
                         ("‹◂◀←", "<"), ("✓✔", "v"), ("⁄", "/"), ("≤", "<"), ("≥", ">"), ("≈", "~"), ("±", "~"),
                         ("÷", "/"), ("\u00a0\u2007\u2009\u202f", " "), ("µμ", "u"), ("ß", "s"), ("æ", "a"),
                         ("øØ", "o"), ("Æ", "A"), ("đ", "d"), ("ł", "l"), ("Ł", "L"), ("ı", "i"), ("°", "o"),
                         ("│┃║▏▕▎▍▌▐", "|"), ("┆┇┊┋╎╏", ":"), ("─━═╌╍┄┅", "-"), ("▁▂", "_"), ("▃▄", "="), ("░", "."), ("▒", ":"),
                         ("▓", "%"), ("▔", "-")]:
        for c in text:
            table[ord(c)] = letter
    for code in range(0x2500, 0x2580):
        table.setdefault(code, "+")
    for code in range(0x2580, 0x25A0):
        table.setdefault(code, "#")
    table[ord("ø")] = "o"
    table[ord("Ø")] = "O"
    return sorted(table.items())


def show(name, pairs):
    print(f"static const struct text_range {name}[] = {{")
    line = "   "
    for first, last in pairs:
        item = f" {{0x{first:X}, 0x{last:X}}},"
        if len(line) + len(item) > 118:
            print(line)
            line = "   "
        line += item
    print(line + "\n};\n")


print(f"// Made by views/text_tables.py from Unicode {unicodedata.unidata_version}; not edited by hand.")
print("#ifndef VIEWS_TEXT_TABLES_H\n#define VIEWS_TEXT_TABLES_H\n\n#include <stdint.h>\n")
print("struct text_range {\n    uint32_t first, last;\n};\n")
show("text_wide", ranges(wide))
show("text_zero", ranges(zero))
show("text_hidden", ranges(hidden))
print("static const struct {\n    uint16_t code;\n    char letter;\n} text_folds[] = {")
line = "   "
for code, letter in folds():
    item = f" {{0x{code:X}, '{chr(92) + letter if letter in chr(39) + chr(92) else letter}'}},"
    if len(line) + len(item) > 118:
        print(line)
        line = "   "
    line += item
print(line + "\n};\n\n#endif")
