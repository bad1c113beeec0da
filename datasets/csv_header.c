// Whether the first row names the columns: each column votes by what stands in it below.
#include <string.h>

#include "core/base/checksum.h"
#include "core/base/mem.h"
#include "datasets/csv_reader.h"
#include "datasets/csv_sample.h"
#include "datasets/types.h"

enum { BODY_ROWS = 200, FEW = 32 };

enum look { LOOK_EMPTY, LOOK_NUMBER, LOOK_DATE, LOOK_WORD };

struct vote {
    enum look first;
    uint64_t first_hash;
    double first_value;
    uint64_t first_shape;
    uint64_t shape;     // of the first cell below
    size_t shaped;      // cells below that have it
    bool marked;        // it is more than letters
    size_t looks[4];    // of the cells below
    bool again;         // the first cell comes again below
    uint64_t seen[FEW]; // hashes of distinct cells below
    size_t distinct;    // FEW + 1: more than that
};

// What a cell is made of: runs of capitals, small letters and digits, and every other character; "CAX720" is A9.
static uint64_t shape_of(const struct csv_cell *cell, bool *marked) {
    char shape[64], last = '\0';
    size_t length = 0;
    *marked = false;
    for (size_t i = 0; i < cell->length && length < sizeof shape; i++) {
        char c = cell->text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
        char class = letter ? (c >= 'A' && c <= 'Z' ? 'A' : 'a') : c >= '0' && c <= '9' ? '9' : c;
        *marked = *marked || (!letter && c != ' ' && c != '_');
        if (class != last)
            shape[length++] = class;
        last = class;
    }
    return checksum_hash64(shape, length, 1);
}

static enum look look_at(const struct csv_cell *cell, double *value) {
    struct number_cell number;
    unsigned seen;
    *value = 0;
    if (cell->length == 0)
        return LOOK_EMPTY;
    if (number_cell_read(cell->text, cell->length, &number)) {
        *value = number.value;
        return LOOK_NUMBER;
    }
    if (number_cell_ways(cell->text, cell->length, NUMBER_WAYS_ALL, &number))
        return LOOK_NUMBER;
    return cell_date_ways(cell->text, cell->length, &seen) != 0 ? LOOK_DATE : LOOK_WORD;
}

static void see(struct vote *vote, const struct csv_cell *cell) {
    double value;
    enum look look = look_at(cell, &value);
    vote->looks[look]++;
    if (look == LOOK_EMPTY)
        return;
    bool marked;
    uint64_t hash = checksum_hash64(cell->text, cell->length, 0), shape = shape_of(cell, &marked);
    if (vote->shaped == 0) {
        vote->shape = shape;
        vote->marked = marked;
    }
    vote->shaped += shape == vote->shape;
    vote->again = vote->again || hash == vote->first_hash;
    size_t i = 0;
    while (i < vote->distinct && i < FEW && vote->seen[i] != hash)
        i++;
    if (i == FEW)
        vote->distinct = FEW + 1;
    else if (i == vote->distinct)
        vote->seen[vote->distinct++] = hash;
}

// +1: the first cell is a name; -1: it is a cell like those below; 0: cannot be told.
static int cast(const struct vote *vote) {
    size_t filled = vote->looks[LOOK_NUMBER] + vote->looks[LOOK_DATE] + vote->looks[LOOK_WORD];
    for (enum look look = LOOK_NUMBER; look <= LOOK_DATE; look++)
        if (filled > 0 && vote->looks[look] * 10 >= filled * 9)
            return vote->first == look ? -1 : vote->first == LOOK_WORD ? 1 : 0;
    if (filled == 0 || vote->first == LOOK_EMPTY)
        return 0;
    if (vote->again || vote->first == LOOK_NUMBER)
        return -1;
    if (vote->marked && filled >= 2 && vote->shaped * 10 >= filled * 9) // codes, addresses
        return vote->first_shape == vote->shape ? -1 : 1;
    return vote->distinct <= FEW && vote->distinct * 2 <= filled ? 1 : 0;
}

// "0,1,2,3": how a table without names is written by programs that number them.
static bool is_numbering(const struct vote *votes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (votes[i].first != LOOK_NUMBER || votes[i].first_value != (double)i)
            return false;
    return count >= 3;
}

static bool all_names(const struct vote *votes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (votes[i].first != LOOK_WORD)
            return false;
        for (size_t j = 0; j < i && i < 1000; j++)
            if (votes[j].first_hash == votes[i].first_hash)
                return false;
    }
    return true;
}

static enum status read_votes(struct csv_reader *reader, struct vote **votes, size_t *count, struct error *error) {
    struct csv_row row;
    enum status status = csv_reader_next(reader, &row, error);
    if (status != STATUS_OK || row.count == 0)
        return status;
    *votes = mem_alloc(row.count, sizeof **votes);
    if (*votes == NULL)
        return error_memory(error, reader->path, row.count * sizeof **votes);
    *count = row.count;
    for (size_t i = 0; i < row.count; i++) {
        (*votes)[i].first = look_at(&row.cells[i], &(*votes)[i].first_value);
        bool marked;
        (*votes)[i].first_shape = shape_of(&row.cells[i], &marked);
        (*votes)[i].first_hash = checksum_hash64(row.cells[i].text, row.cells[i].length, 0);
    }
    for (size_t rows = 0; rows < BODY_ROWS; rows++) {
        status = csv_reader_next(reader, &row, error);
        if (status != STATUS_OK || row.count == 0)
            return status;
        size_t shift = row.count == *count + 1 ? 1 : 0; // a header that does not name the row names
        for (size_t i = 0; i + shift < row.count && i < *count; i++)
            see(&(*votes)[i], &row.cells[i + shift]);
    }
    return STATUS_OK;
}

static void decide(const struct vote *votes, size_t count, struct dialect *dialect, struct str *evidence) {
    size_t names = 0, cells = 0;
    for (size_t i = 0; i < count; i++) {
        names += cast(&votes[i]) > 0;
        cells += cast(&votes[i]) < 0;
    }
    bool numbering = is_numbering(votes, count);
    if (numbering || names != cells) {
        dialect->header = numbering || names > cells;
        str_format(evidence, "header %s: the first row is %s in %zu of %zu columns\n", dialect->header ? "yes" : "no",
                   dialect->header ? "unlike the cells below" : "like the cells below",
                   numbering         ? count
                   : dialect->header ? names
                                     : cells,
                   count);
        return;
    }
    dialect->header = count > 0 && all_names(votes, count);
    str_format(evidence, "ambiguous: header %s, judged by the first row alone\n", dialect->header ? "yes" : "no");
}

enum status dialect_header(const struct csv_sample *sample, struct dialect *dialect, struct str *evidence,
                           struct error *error) {
    struct csv_reader reader;
    struct vote *votes = NULL;
    size_t count = 0;
    enum status status =
        csv_reader_open_text(&reader, sample->path, sample->text, sample->length, sample->partial, dialect, error);
    if (status == STATUS_OK)
        status = read_votes(&reader, &votes, &count, error);
    if (status == STATUS_OK)
        decide(votes, count, dialect, evidence);
    mem_free(votes);
    csv_reader_close(&reader);
    return status;
}
