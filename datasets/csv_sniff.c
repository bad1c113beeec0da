// The first look at a file, and its rows as text.
#include "datasets/csv.h"

#include <string.h>

#include "core/base/mem.h"
#include "datasets/csv_input.h"
#include "datasets/csv_reader.h"
#include "datasets/csv_sample.h"
#include "datasets/input.h"

#define SAMPLE_BYTES ((size_t)64 * 1024)

// ---- what the file is written in ----

static enum status judge_bytes(const char *path, const unsigned char *bytes, size_t count, struct dialect *dialect,
                               struct str *evidence, struct error *error) {
    if (count == 0)
        return error_set(error, STATUS_INVALID, "%s: the file is empty; there is nothing to read", path);
    bool given = dialect->encoding[0] != '\0';
    enum csv_encoding guess = csv_encoding_guess(bytes, count, &dialect->bom), encoding = guess;
    if (given && !csv_encoding_find(dialect->encoding, &encoding))
        return error_set(error, STATUS_INVALID,
                         "encoding %s: must be utf-8, utf-16le, utf-16be, latin-1 or windows-1252", dialect->encoding);
    if (csv_is_binary(bytes, count, encoding))
        return error_set(error, STATUS_INVALID, "%s: holds binary data, not rows of text; open a CSV file", path);
    strcpy(dialect->encoding, csv_encoding_name(encoding));
    const char *why = given                         ? " (given)"
                      : dialect->bom                ? ": a byte order mark says so"
                      : encoding == CSV_UTF16LE     ? ": every second byte is mostly 0"
                      : encoding == CSV_UTF16BE     ? ": every second byte is mostly 0"
                      : encoding == CSV_LATIN1      ? ": the bytes are no UTF-8"
                      : encoding == CSV_WINDOWS1252 ? ": the bytes are no UTF-8, some are no Latin-1 letters"
                                                    : ": the bytes are valid UTF-8";
    str_format(evidence, "encoding %s%s\n", dialect->encoding, why);
    return STATUS_OK;
}

static enum status find_encoding(const char *path, struct dialect *dialect, struct str *evidence, struct error *error) {
    struct csv_input input = {0};
    size_t count = 0;
    unsigned char *bytes = mem_alloc(CSV_RAW, 1);
    if (bytes == NULL)
        return error_memory(error, path, CSV_RAW);
    enum status status = csv_input_open(&input, path, CSV_UTF8, NULL, error);
    if (status == STATUS_OK)
        status = csv_input_raw(&input, bytes, CSV_RAW, &count, error);
    csv_input_close(&input);
    if (status == STATUS_OK)
        status = judge_bytes(path, bytes, count, dialect, evidence, error);
    mem_free(bytes);
    return status;
}

// ---- the sample ----

// At most SAMPLE_BYTES and whole lines, unless the first line is longer.
static void cut_sample(struct csv_sample *sample, size_t count, bool more) {
    sample->length = count;
    if (count <= SAMPLE_BYTES && !more)
        return;
    sample->partial = true;
    size_t cut = count < SAMPLE_BYTES ? count : SAMPLE_BYTES;
    while (cut > 0 && sample->text[cut - 1] != '\n' && sample->text[cut - 1] != '\r')
        cut--;
    sample->length = cut > 0 ? cut : count;
}

static enum status read_sample(const char *path, const struct dialect *dialect, char **text, struct csv_sample *sample,
                               struct error *error) {
    struct csv_input input = {0};
    enum csv_encoding encoding = CSV_UTF8;
    csv_encoding_find(dialect->encoding, &encoding);
    *text = mem_alloc(CSV_DECODED, 1);
    if (*text == NULL)
        return error_memory(error, path, CSV_DECODED);
    size_t count = 0;
    enum status status = csv_input_open(&input, path, encoding, NULL, error);
    if (status == STATUS_OK)
        status = csv_input_read(&input, *text, &count, error);
    bool more = !(input.raw_end && input.raw_count == 0);
    csv_input_close(&input);
    *sample = (struct csv_sample){.path = path, .text = *text};
    cut_sample(sample, count, more || input_end(path) != UINT64_MAX);
    if (status == STATUS_OK && count == 0)
        status = error_set(error, STATUS_INVALID, "%s: the file is empty; there is nothing to read", path);
    return status;
}

static enum status check_wanted(const struct dialect *dialect, struct error *error) {
    const char *delimiter = dialect->delimiter;
    if (strpbrk(delimiter, "\r\n") != NULL)
        return error_set(error, STATUS_INVALID, "delimiter: a line end cannot separate cells");
    bool clash = dialect->quote > 0 && delimiter[0] == dialect->quote;
    if (clash || (dialect->escape > 0 && delimiter[0] == dialect->escape))
        return error_set(error, STATUS_INVALID, "delimiter '%s': must differ from quote and escape", delimiter);
    return STATUS_OK;
}

enum status csv_sniff(const char *path, struct dialect *dialect, struct str *evidence, struct error *error) {
    struct str own = {0};
    struct csv_sample sample = {0};
    char *text = NULL;
    struct str *out = evidence != NULL ? evidence : &own;
    struct dialect found = *dialect;
    enum status status = check_wanted(&found, error);
    if (status == STATUS_OK)
        status = find_encoding(path, &found, out, error);
    if (status == STATUS_OK)
        status = read_sample(path, &found, &text, &sample, error);
    if (status == STATUS_OK)
        status = dialect_find(&sample, &found, out, error);
    if (status == STATUS_OK && out->failed)
        status = error_memory(error, path, out->length);
    if (status == STATUS_OK)
        *dialect = found;
    mem_free(text);
    str_free(&own);
    return status;
}

enum status csv_sniff_noted(const char *path, struct dialect *dialect, struct notes *notes, struct error *error) {
    static const char mark[] = "ambiguous: ";
    struct str evidence = {0};
    enum status status = csv_sniff(path, dialect, &evidence, error);
    for (const char *line = str_text(&evidence); status == STATUS_OK && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        if (text_starts(line, mark))
            status = notes_add(notes, 0, NULL, error, "%.*s", (int)length, line);
        line += length + (line[length] == '\n');
    }
    str_free(&evidence);
    return status;
}

enum status csv_read_rows(const char *path, const struct dialect *dialect, struct notes *notes, struct task *task,
                          csv_row_fn row_fn, void *context, struct error *error) {
    struct dialect found = *dialect;
    struct csv_end end = {0};
    enum status status = csv_sniff(path, &found, NULL, error);
    return status == STATUS_OK ? csv_read_on(path, &found, &end, notes, task, row_fn, context, error) : status;
}

enum status csv_read_on(const char *path, const struct dialect *dialect, struct csv_end *end, struct notes *notes,
                        struct task *task, csv_row_fn row_fn, void *context, struct error *error) {
    struct csv_reader reader;
    struct csv_row row = {0};
    enum status status = csv_reader_open_on(&reader, path, dialect, end, notes, task, error);
    if (status != STATUS_OK)
        return status;
    do {
        status = csv_reader_next(&reader, &row, error);
        if (status != STATUS_OK || row.count == 0)
            break;
        if (reader.width == 0)
            reader.width = row.count;
        status = row_fn(context, row.cells, row.count, row.line, error);
    } while (status == STATUS_OK);
    if (status == STATUS_OK)
        status = csv_reader_finish(&reader, error);
    if (status == STATUS_OK)
        *end = csv_reader_end(&reader, path);
    csv_reader_close(&reader);
    return status;
}
