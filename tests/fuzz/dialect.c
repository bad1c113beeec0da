// Any bytes and any given parts of a dialect are a dialect or a sentence: given parts are kept, found ones are
// possible. The input's first five bytes say what is given; the rest is the file.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/csv.h"
#include "tests/datasets/table_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dialect given_parts(const uint8_t *bytes) {
    static const char *const delimiters[] = {"", ",", ";", "\t", "|", ":", " ", "||", "\xc2\xa7"};
    static const char *const encodings[] = {"", "utf-8", "utf-16le", "utf-16be", "latin-1", "windows-1252"};
    static const int quotes[] = {-1, 0, '"', '\''}, escapes[] = {-1, 0, '\\'}, yes[] = {-1, 0, 1};
    struct dialect dialect = dialect_detect();
    strcpy(dialect.delimiter, delimiters[bytes[0] % 9]);
    strcpy(dialect.encoding, encodings[bytes[1] % 6]);
    dialect.quote = (char)quotes[bytes[2] % 4];
    dialect.escape = (char)escapes[bytes[3] % 3];
    dialect.header = (signed char)yes[bytes[4] % 3];
    return dialect;
}

static bool kept(int given, int found) {
    return given == -1 || given == found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 5)
        return 0;
    struct dialect given = given_parts(data), found = given;
    struct str evidence = {0};
    struct error error = {.text = ""};
    enum status status = csv_sniff(write_bytes(data + 5, size - 5), &found, &evidence, &error);
    bool same = (given.delimiter[0] == '\0' || strcmp(given.delimiter, found.delimiter) == 0) &&
                (given.encoding[0] == '\0' || strcmp(given.encoding, found.encoding) == 0) &&
                kept(given.quote, found.quote) && kept(given.escape, found.escape) && kept(given.header, found.header);
    bool whole = found.delimiter[0] != '\0' && found.encoding[0] != '\0' && found.quote >= 0 && found.escape >= 0 &&
                 (found.header == 0 || found.header == 1);
    if (status == STATUS_OK ? !same || !whole || evidence.length == 0 : error.text[0] == '\0')
        abort();
    str_free(&evidence);
    return 0;
}
