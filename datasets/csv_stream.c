#include "datasets/csv_stream.h"

#include <string.h>

#include "core/base/file.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "datasets/csv_load.h"
#include "datasets/csv_names.h"
#include "datasets/csv_pieces.h"
#include "datasets/csv_reader.h"
#include "datasets/input.h"

enum { PROBE_ROWS = 10000 };
#define PIECE_BYTES ((size_t)1 << 20)

struct csv_stream {
    struct dataset dataset; // dialect, notes and name
    struct load_options options;
    struct loading loading;
    struct csv_names names;
    struct csv_reader reader; // of the whole file, in order; while by_piece, what the readers of pieces counted
    bool begun, by_piece;     // pieces of text, cut as csv_pieces.h says, until one turns out to be cut wrongly
    struct csv_pieces pieces;
    struct csv_text text; // the piece
    struct csv_index index;
    uint64_t lines; // of the pieces before it
    size_t rows;    // handed out so far
    char *path;
    bool more, finished;
    struct misfits {
        uint64_t count, line;
    } * misfits; // [width] in all pieces before this one
};

static const struct column_kind *find_kind(const struct column_kind *kinds, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

// What the person says of a column comes before what the caller knows.
static void force(struct loading *loading, const struct column_kind *kinds, size_t count) {
    const struct load_options *options = loading->options;
    for (size_t i = 0; i < loading->width; i++) {
        struct csv_column *column = &loading->columns[i];
        const struct column_kind *kind = find_kind(kinds, count, column->name);
        column->forced = count > 0;
        column->forced_type = kind ? kind->type : COLUMN_TEXT;
        column->amount = kind && kind->amount;
        for (size_t k = 0; k < options->override_count; k++)
            if (strcmp(options->overrides[k].column, column->name) == 0) {
                column->forced = true;
                column->forced_type = options->overrides[k].type;
                column->amount = options->overrides[k].amount;
            }
    }
}

// What the first rows showed is forgotten where cells are stored, and all rows show it anew.
static enum status begin_columns(struct csv_stream *stream, struct error *error) {
    struct loading *loading = &stream->loading;
    struct cell_format *formats = NULL;
    enum status status = csv_load_decide(loading, &formats, error);
    for (size_t i = 0; i < loading->width && !status; i++) {
        loading->columns[i].format = formats[i];
        cell_evidence_begin(&loading->columns[i].evidence);
    }
    mem_free(formats);
    return status;
}

static enum status open_stream(struct csv_stream *stream, const struct column_kind *kinds, size_t kind_count,
                               struct error *error) {
    struct loading *loading = &stream->loading;
    const struct load_options *options = &stream->options;
    struct notes *notes = &stream->dataset.notes;
    enum status status = csv_sniff_noted(stream->path, &stream->dataset.dialect, notes, error);
    if (!status)
        status = (options->only_tokens ? missing_tokens_own : missing_tokens_make)(
            &loading->tokens, options->missing_tokens, options->missing_token_count, error);
    if (!status)
        status = csv_load_width(loading, &stream->names, error);
    if (!status)
        status = csv_load_tokens(loading, error);
    if (status)
        return status;
    stream->misfits = mem_alloc(loading->width, sizeof *stream->misfits);
    if (!stream->misfits)
        return error_memory(error, stream->path, loading->width * sizeof *stream->misfits);
    force(loading, kinds, kind_count);
    status = csv_rows_probe(loading, PROBE_ROWS, error);
    stream->more = true;
    return status ? status : begin_columns(stream, error);
}

enum status csv_stream_open(struct csv_stream **out, const char *path, const struct load_options *options,
                            const struct column_kind *kinds, size_t kind_count, struct task *task,
                            struct error *error) {
    struct csv_stream *stream = mem_alloc(1, sizeof *stream);
    if (!stream)
        return error_memory(error, path, sizeof *stream);
    stream->options = *options;
    stream->dataset.dialect = options->dialect;
    stream->path = mem_string(input_path(path));
    stream->loading =
        (struct loading){.path = stream->path, .options = &stream->options, .dataset = &stream->dataset, .task = task};
    enum status status = stream->path ? open_stream(stream, kinds, kind_count, error) : error_memory(error, path, 0);
    if (status)
        csv_stream_close(stream);
    else
        *out = stream;
    return status;
}

void csv_stream_close(struct csv_stream *stream) {
    if (!stream)
        return;
    struct loading *loading = &stream->loading;
    csv_reader_close(&stream->reader);
    csv_pieces_close(&stream->pieces);
    csv_index_free(&stream->index);
    mem_free(stream->text.bytes);
    for (size_t i = 0; loading->columns && i < loading->width; i++)
        csv_column_clear(&loading->columns[i]);
    mem_free(loading->columns);
    table_free(loading->table);
    missing_tokens_free(&loading->tokens);
    csv_names_free(&stream->names);
    notes_free(&stream->dataset.notes);
    mem_free(stream->misfits);
    mem_free(stream->path);
    mem_free(stream);
}

const struct notes *csv_stream_notes(const struct csv_stream *stream) {
    return &stream->dataset.notes;
}

// ---- pieces ---------------------------------------------------------------------------------------

// One reader from the front, past the rows that are handed out already.
static enum status open_in_order(struct csv_stream *stream, struct error *error) {
    const struct dialect *dialect = &stream->dataset.dialect;
    struct notes *notes = &stream->dataset.notes;
    struct csv_reader *reader = &stream->reader;
    struct csv_row row = {.count = 1};
    enum status status =
        csv_reader_open(reader, stream->path, dialect, stream->rows > 0 ? NULL : notes, stream->loading.task, error);
    if (status)
        return status;
    reader->width = stream->loading.width;
    if (dialect->header == 1)
        status = csv_reader_next(reader, &row, error);
    for (size_t i = 0; i < stream->rows && row.count > 0 && !status; i++)
        status = csv_reader_next(reader, &row, error);
    stream->more = row.count > 0;
    reader->notes = notes;
    return status;
}

static enum status begin(struct csv_stream *stream, size_t most, struct error *error) {
    if (stream->begun)
        return STATUS_OK;
    stream->begun = true;
    stream->by_piece = most == 0;
    if (!stream->by_piece)
        return open_in_order(stream, error);
    stream->reader.notes = &stream->dataset.notes;
    stream->reader.dialect = stream->dataset.dialect;
    size_t bytes = stream->options.piece_bytes > 0 ? stream->options.piece_bytes : PIECE_BYTES;
    return csv_pieces_open(&stream->pieces, stream->path, &stream->dataset.dialect, bytes, stream->loading.task, error);
}

// The rows of the piece of text at hand. *wrong: it was not cut where a row ends, or one reader has to say what is
// wrong with it.
static enum status fill_from_piece(struct csv_stream *stream, struct csv_part *part, bool *wrong, struct error *error) {
    const struct dialect *dialect = &stream->dataset.dialect;
    struct csv_reader reader;
    struct csv_row header = {.count = 1};
    bool first = stream->text.index == 0, more = true;
    enum status status = csv_reader_open_piece(&reader, stream->path, stream->text.bytes, stream->text.length,
                                               &stream->index, first, stream->text.last, dialect, &part->notes, error);
    reader.width = stream->loading.width;
    bool skipped = !first || reader.line == dialect->skip + 1;
    if (!status && first && dialect->header == 1)
        status = csv_reader_next(&reader, &header, error);
    if (!status && header.count > 0)
        status = csv_rows_fill(&reader, part, SIZE_MAX, &more, error);
    bool whole = skipped && header.count > 0 && reader.unclosed == 0 && reader.start == reader.end;
    *wrong = status != STATUS_MEMORY && (status || !whole);
    if (!status && !*wrong) {
        csv_rows_add_totals(&stream->reader, &reader, stream->lines);
        stream->lines += reader.line - 1;
    }
    csv_reader_close(&reader);
    return *wrong ? STATUS_OK : status;
}

static enum status fill_by_piece(struct csv_stream *stream, struct csv_part *part, bool *wrong, uint64_t *before,
                                 struct error *error) {
    enum status status = STATUS_OK;
    while (part->rows == 0 && stream->more && !*wrong && !status) {
        *before = stream->lines;
        status = csv_pieces_take(&stream->pieces, &stream->text, &stream->more, error);
        *wrong = status == STATUS_UNSUPPORTED; // no end of a row was found
        if (!status && stream->more)
            status = fill_from_piece(stream, part, wrong, error);
    }
    return *wrong ? STATUS_OK : status;
}

static enum status fill_in_order(struct csv_stream *stream, struct csv_part *part, size_t most, struct error *error) {
    return stream->more ? csv_rows_fill(&stream->reader, part, most, &stream->more, error) : STATUS_OK;
}

static enum status fill(struct csv_stream *stream, struct csv_part *part, size_t most, uint64_t *before,
                        struct error *error) {
    enum { ROWS = 8192 };
    bool wrong = false;
    *before = 0;
    if (!stream->by_piece)
        return fill_in_order(stream, part, most == 0 ? ROWS : most, error);
    enum status status = fill_by_piece(stream, part, &wrong, before, error);
    if (status || !wrong)
        return status;
    stream->by_piece = false;
    stream->reader = (struct csv_reader){0};
    *before = 0;
    status = csv_part_begin(part, error);
    if (!status)
        status = open_in_order(stream, error);
    return status ? status : fill_in_order(stream, part, ROWS, error);
}

// Empty columns for the next piece; what earlier pieces showed stays known.
static enum status begin_piece(struct csv_stream *stream, struct error *error) {
    struct loading *loading = &stream->loading;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < loading->width && !status; i++) {
        struct csv_column *column = &loading->columns[i];
        struct cell_format format = column->format;
        struct cell_evidence evidence = column->evidence;
        status = csv_column_begin(column, &format, error);
        column->evidence = evidence;
    }
    return status;
}

static enum status finish_piece(struct csv_stream *stream, struct csv_part *part, uint64_t before, struct table **table,
                                struct error *error) {
    struct loading *loading = &stream->loading;
    struct notes doubts = {0}; // told once, at the end
    enum status status = csv_part_append(part, before, &stream->dataset.notes, error);
    if (!status)
        status = table_make(part->rows, stream->path, table, error);
    for (size_t row = 0; row < part->rows && !status; row++)
        status = table_set_line(*table, row, part->lines[row] + before, error);
    for (size_t i = 0; i < loading->width && !status; i++) {
        struct csv_column *builder = &loading->columns[i];
        struct misfits *misfits = &stream->misfits[i];
        struct column *column = NULL;
        misfits->line = misfits->count > 0 ? misfits->line : builder->misfit_line;
        misfits->count += builder->misfits;
        status = csv_column_finish(builder, &column, &doubts, error);
        builder->blanks = builder->stripped ? BLANKS_OFF : BLANKS_STAY; // as in the first piece
        if (!status)
            status = table_add(*table, column, error);
    }
    notes_free(&doubts);
    return status;
}

static enum status read_piece(struct csv_stream *stream, size_t most, struct table **table, struct error *error) {
    struct csv_part part = {0}; // its words are those of one piece
    struct loading *loading = &stream->loading;
    struct table *made = NULL;
    uint64_t before = 0; // lines of the file that were not counted in the part
    enum status status = begin_piece(stream, error);
    if (!status)
        status = csv_part_open(&part, loading->columns, loading->width, &loading->tokens, false, error);
    if (!status)
        status = csv_part_begin(&part, error);
    if (!status)
        status = fill(stream, &part, most, &before, error);
    if (!status && part.rows > 0)
        status = finish_piece(stream, &part, before, &made, error);
    stream->rows += part.rows;
    csv_part_close(&part);
    if (status) {
        table_free(made);
        return status;
    }
    *table = made;
    return STATUS_OK;
}

// ---- the end ----------------------------------------------------------------------------------------

static enum status tell_column(struct csv_stream *stream, size_t index, const struct cell_format *format,
                               struct error *error) {
    const struct csv_column *column = &stream->loading.columns[index];
    const struct misfits *misfits = &stream->misfits[index];
    struct notes *notes = &stream->dataset.notes;
    if (!cell_format_same(format, &column->format))
        return error_set(
            error, STATUS_INVALID,
            "%s: column \"%s\": later rows are written otherwise than the first %d, so those were not read "
            "as they are meant; say how numbers and dates are written (--decimal, --thousands, --dates)",
            stream->path, column->name, PROBE_ROWS);
    if (misfits->count > 0)
        return notes_add(notes, misfits->line, column->name, error,
                         "%llu %s no %s as in training; read as missing, the first on this line",
                         (unsigned long long)misfits->count, misfits->count == 1 ? "cell is" : "cells are",
                         format->type == COLUMN_DATE ? "date" : "number");
    if (column->forced && format->type == COLUMN_TEXT)
        return STATUS_OK;
    return cell_format_note(&column->evidence, format, column->name, notes, error);
}

static enum status finish(struct csv_stream *stream, struct error *error) {
    struct loading *loading = &stream->loading;
    struct cell_format *formats = NULL;
    if (stream->by_piece) {
        stream->reader.input.odd_bytes = stream->pieces.input.odd_bytes;
        stream->reader.input.nul_bytes = stream->pieces.input.nul_bytes;
    }
    enum status status = csv_reader_finish(&stream->reader, error);
    if (!status)
        status = csv_load_decide(loading, &formats, error);
    for (size_t i = 0; i < loading->width && !status; i++)
        status = tell_column(stream, i, &formats[i], error);
    mem_free(formats);
    return status;
}

enum status csv_stream_next(struct csv_stream *stream, size_t most, struct table **table, struct error *error) {
    *table = NULL;
    enum status status = begin(stream, most, error);
    if (!status && stream->more)
        status = read_piece(stream, most, table, error);
    if (status || *table || stream->finished)
        return status;
    stream->finished = true;
    return finish(stream, error);
}
