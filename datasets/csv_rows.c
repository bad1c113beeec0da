// Reading all rows of a file into typed columns. Threads take pieces of the text (csv_pieces.h), each reads its
// piece with the same reader that reads whole files, and the parts are appended in the file's order. A piece
// that turns out not to end where a row ends is proof of a wrong cut: everything is read again from front to
// back by one reader. So the result is always what that one reader finds.
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "datasets/csv_load.h"
#include "datasets/csv_pieces.h"
#include "datasets/input.h"

enum { THREADS_MOST = 16, SEQUENTIAL_ROWS = 8192 };

// ---- what a reading leaves ------------------------------------------------------------------------

static enum status append(struct loading *loading, struct csv_part *part, uint64_t before, struct error *error) {
    enum status status = STATUS_OK;
    if (part->rows > UINT32_MAX - 1 - loading->rows)
        return error_set(error, STATUS_UNSUPPORTED, "%s: has more than 4 billion rows", loading->path);
    for (size_t row = 0; row < part->rows && !part->again && status == STATUS_OK; row++)
        if (row == 0 || part->lines[row] != part->lines[row - 1] + 1) // the others follow from those before
            status = table_set_line(loading->table, loading->rows + row, part->lines[row] + before, error);
    if (status == STATUS_OK)
        status = csv_part_append(part, before, &loading->dataset->notes, error);
    if (loading->trailing == 0 && part->trailing > 0)
        loading->first_trailing = part->first_trailing + before;
    loading->trailing += part->trailing;
    loading->rows += part->rows;
    return status;
}

// As before anything was read.
static enum status forget(struct loading *loading, size_t notes, bool again, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < loading->width && status == STATUS_OK; i++) {
        struct csv_column *column = &loading->columns[i];
        struct cell_format format = column->format;
        if (!column->settled)
            cell_evidence_begin(&column->evidence);
        if (!again)
            column->not_empty = false;
        if (column->stored)
            status = csv_column_begin(column, &format, error);
    }
    notes_cut(&loading->dataset->notes, notes);
    loading->rows = 0;
    if (again)
        return status;
    loading->table->line_count = 0;
    loading->trailing = loading->first_trailing = 0;
    return status;
}

// *found false: the text ends before the table begins.
static enum status read_header(const struct loading *loading, struct csv_reader *reader, bool *found,
                               struct error *error) {
    const struct dialect *dialect = &loading->dataset->dialect;
    struct csv_row header = {.count = 1};
    reader->width = loading->width;
    bool skipped = reader->line == dialect->skip + 1;
    enum status status = dialect->header == 1 ? csv_reader_next(reader, &header, error) : STATUS_OK;
    *found = skipped && header.count > 0;
    return status;
}

// What is known of the file as a whole once all is read.
static enum status finish(struct loading *loading, struct csv_reader *reader, bool again, struct error *error) {
    if (again)
        return STATUS_OK;
    loading->end = csv_reader_end(reader, loading->path);
    loading->row_notes = loading->dataset->notes.count;
    strcpy(loading->dataset->dialect.line_ending, csv_line_ending(reader));
    reader->notes = &loading->dataset->notes;
    return csv_reader_finish(reader, error);
}

// ---- one reader -----------------------------------------------------------------------------------

enum status csv_rows_fill(struct csv_reader *reader, struct csv_part *part, size_t most, bool *more,
                          struct error *error) {
    enum status status = STATUS_OK;
    *more = true;
    while (part->rows < most && status == STATUS_OK) {
        struct csv_row row;
        size_t plain = 0;
        if (most == SIZE_MAX)
            status = csv_part_add_plain(part, reader, &plain, error);
        if (status != STATUS_OK || plain > 0)
            continue;
        status = csv_reader_next(reader, &row, error);
        if (status != STATUS_OK || row.count == 0) {
            *more = false;
            break;
        }
        status = csv_part_add(part, &row, error);
    }
    return status;
}

static enum status read_in_order(struct loading *loading, size_t most, bool again, struct csv_part *part,
                                 struct error *error) {
    struct csv_reader reader;
    struct notes *notes = again ? NULL : &part->notes; // in the order of the rows
    enum status status =
        csv_reader_open(&reader, loading->path, &loading->dataset->dialect, notes, loading->task, error);
    if (status != STATUS_OK)
        return status;
    bool begun = true, more = true;
    status = csv_part_begin(part, error);
    if (status == STATUS_OK)
        status = read_header(loading, &reader, &more, error);
    while (status == STATUS_OK && more && loading->rows < most) {
        size_t wanted = most - loading->rows < SEQUENTIAL_ROWS ? most - loading->rows : SEQUENTIAL_ROWS;
        if (!begun)
            status = csv_part_begin(part, error);
        begun = false;
        if (status == STATUS_OK)
            status = csv_rows_fill(&reader, part, wanted, &more, error);
        if (status == STATUS_OK)
            status = append(loading, part, 0, error);
    }
    if (status == STATUS_OK && !again)
        status = finish(loading, &reader, again, error);
    loading->bytes_read = csv_input_packed(&reader.input) ? 0 : reader.consumed;
    csv_reader_close(&reader);
    return status;
}

static enum status read_on(struct loading *loading, const struct csv_end *before, struct csv_part *part,
                           struct error *error) {
    struct csv_reader reader;
    bool more = true;
    enum status status = csv_reader_open_on(&reader, loading->path, &loading->dataset->dialect, before, &part->notes,
                                            loading->task, error);
    if (status != STATUS_OK)
        return status;
    while (status == STATUS_OK && more) {
        status = csv_part_begin(part, error);
        if (status == STATUS_OK)
            status = csv_rows_fill(&reader, part, SEQUENTIAL_ROWS, &more, error);
        if (status == STATUS_OK)
            status = append(loading, part, 0, error);
    }
    if (status == STATUS_OK)
        status = finish(loading, &reader, false, error);
    if (status == STATUS_OK && loading->end.bytes == 0)
        status = STATUS_UNSUPPORTED;
    csv_reader_close(&reader);
    return status;
}

enum status csv_rows_read_on(struct loading *loading, const struct csv_end *before, struct error *error) {
    struct csv_part part;
    enum status status = csv_part_open(&part, loading->columns, loading->width, &loading->tokens, false, error);
    if (status == STATUS_OK)
        status = read_on(loading, before, &part, error);
    csv_part_close(&part);
    return status;
}

static enum status one_reader(struct loading *loading, size_t most, bool again, struct error *error) {
    struct csv_part part;
    enum status status = csv_part_open(&part, loading->columns, loading->width, &loading->tokens, again, error);
    if (status == STATUS_OK)
        status = read_in_order(loading, most, again, &part, error);
    csv_part_close(&part);
    return status;
}

enum status csv_rows_probe(struct loading *loading, size_t most, struct error *error) {
    struct task *task = loading->task;
    loading->task = NULL;
    enum status status = one_reader(loading, most, true, error);
    loading->task = task;
    loading->rows = 0;
    return status;
}

// ---- many readers ---------------------------------------------------------------------------------

struct crew {
    struct loading *loading;
    bool again;
    pthread_mutex_t taking, appending;
    pthread_cond_t turn;      // with `appending`: `next` or `over` has changed
    struct csv_pieces pieces; // of `taking`
    // of `appending`
    size_t next; // piece whose turn it is
    bool over;   // stop: something failed, or a cut was wrong
    bool wrong;  // a cut was wrong
    enum status status;
    struct error error;
    uint64_t lines, bytes;    // of the pieces appended so far
    struct csv_reader totals; // what their readers counted
};

static void stop(struct crew *crew, enum status status, const struct error *error) {
    pthread_mutex_lock(&crew->appending);
    if (!crew->over && status != STATUS_UNSUPPORTED) {
        crew->status = status;
        crew->error = *error;
    }
    crew->wrong = crew->wrong || status == STATUS_UNSUPPORTED;
    crew->over = true;
    pthread_cond_broadcast(&crew->turn);
    pthread_mutex_unlock(&crew->appending);
}

void csv_rows_add_totals(struct csv_reader *totals, const struct csv_reader *reader, uint64_t before) {
    if (totals->blank_lines == 0 && reader->blank_lines > 0)
        totals->first_blank = reader->first_blank + before;
    totals->blank_lines += reader->blank_lines;
    totals->unix_ends += reader->unix_ends;
    totals->windows_ends += reader->windows_ends;
    totals->mac_ends += reader->mac_ends;
}

// One piece into `part`. STATUS_UNSUPPORTED: it was not cut where a row ends, or only one reader can say why it
// cannot be read.
static enum status read_piece(struct crew *crew, struct csv_text *text, struct csv_index *index,
                              struct csv_reader *reader, struct csv_part *part, struct error *error) {
    const struct loading *loading = crew->loading;
    const struct dialect *dialect = &loading->dataset->dialect;
    bool first = text->index == 0, found = true, more = true;
    enum status status = csv_part_begin(part, error);
    if (status == STATUS_OK)
        status = csv_reader_open_piece(reader, loading->path, text->bytes, text->length, index, first, text->last,
                                       dialect, crew->again ? NULL : &part->notes, error);
    reader->width = loading->width;
    if (status == STATUS_OK && first)
        status = read_header(loading, reader, &found, error);
    if (!found && !text->last)
        return STATUS_UNSUPPORTED; // the table begins behind this piece
    if (status == STATUS_OK)
        status = csv_rows_fill(reader, part, SIZE_MAX, &more, error);
    if (status != STATUS_OK && status != STATUS_MEMORY)
        return STATUS_UNSUPPORTED;
    bool waits = text->last && reader->done; // the rest of the last row has still to be written
    bool wrong = reader->unclosed > 0 || (reader->start < reader->end && !waits);
    return status == STATUS_OK && wrong ? STATUS_UNSUPPORTED : status;
}

// Waits until it is the piece's turn. False: it will not come.
static bool wait_turn(struct crew *crew, size_t index) {
    while (!crew->over && crew->next != index)
        pthread_cond_wait(&crew->turn, &crew->appending);
    return !crew->over;
}

// After the first piece: about as many rows as the file will have. Where there is no room, columns grow as they may.
static void reserve_rows(struct crew *crew, const struct csv_reader *reader, const struct csv_part *part) {
    struct loading *loading = crew->loading;
    struct error ignored;
    uint64_t bytes = loading->dataset->file_bytes;
    if (csv_input_packed(&crew->pieces.input) || reader->end == 0 || bytes <= reader->end)
        return;
    double rows = (double)part->rows * (double)bytes / (double)reader->end * 1.02;
    for (size_t i = 0; i < loading->width && rows < UINT32_MAX; i++)
        if (loading->columns[i].stored)
            (void)column_maker_reserve(&loading->columns[i].maker, (size_t)rows, &ignored);
}

static enum status append_piece(struct crew *crew, size_t index, const struct csv_reader *reader, struct csv_part *part,
                                struct error *error) {
    enum status status = STATUS_OK;
    pthread_mutex_lock(&crew->appending);
    if (wait_turn(crew, index)) {
        if (index == 0)
            reserve_rows(crew, reader, part);
        status = append(crew->loading, part, crew->lines, error);
        csv_rows_add_totals(&crew->totals, reader, crew->lines);
        crew->lines += reader->line - 1;
        crew->totals.line = crew->lines + 1;
        crew->totals.start = reader->start;
        crew->totals.end = reader->end;
        crew->bytes += reader->end;
        crew->next++;
        pthread_cond_broadcast(&crew->turn);
    }
    pthread_mutex_unlock(&crew->appending);
    return status;
}

static bool is_over(struct crew *crew) {
    pthread_mutex_lock(&crew->appending);
    bool over = crew->over;
    pthread_mutex_unlock(&crew->appending);
    return over;
}

static enum status take_piece(struct crew *crew, struct csv_text *text, bool *found, struct error *error) {
    pthread_mutex_lock(&crew->taking);
    enum status status = csv_pieces_take(&crew->pieces, text, found, error);
    pthread_mutex_unlock(&crew->taking);
    return status;
}

static void *work(void *context) {
    struct crew *crew = context;
    struct csv_part part;
    struct csv_text text = {0};
    struct csv_index index = {0};
    struct error error;
    bool found = true;
    enum status status =
        csv_part_open(&part, crew->loading->columns, crew->loading->width, &crew->loading->tokens, crew->again, &error);
    while (status == STATUS_OK && !is_over(crew)) {
        struct csv_reader reader = {0};
        status = take_piece(crew, &text, &found, &error);
        if (status != STATUS_OK || !found)
            break;
        status = read_piece(crew, &text, &index, &reader, &part, &error);
        if (status == STATUS_OK)
            status = append_piece(crew, text.index, &reader, &part, &error);
        csv_reader_close(&reader);
    }
    if (status != STATUS_OK)
        stop(crew, status, &error);
    csv_part_close(&part);
    csv_index_free(&index);
    mem_free(text.bytes);
    return NULL;
}

static size_t crew_size(const struct loading *loading, size_t piece) {
    size_t wanted = loading->options->threads;
    if (wanted > 0)
        return wanted < THREADS_MOST ? wanted : THREADS_MOST;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t bytes = input_size(loading->path);
    if (bytes >= 0 && (uint64_t)bytes <= piece)
        return 1;
    return cores < 1 ? 1 : cores > THREADS_MOST ? THREADS_MOST : (size_t)cores;
}

// The calling thread is one of them; a thread that cannot be had is done without.
static void work_together(struct crew *crew, size_t size) {
    pthread_t threads[THREADS_MOST];
    size_t started = 0;
    while (started + 1 < size && pthread_create(&threads[started], NULL, work, crew) == 0)
        started++;
    work(crew);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

static enum status many_readers(struct loading *loading, bool again, bool *wrong, struct error *error) {
    struct crew crew = {.loading = loading,
                        .again = again,
                        .taking = PTHREAD_MUTEX_INITIALIZER,
                        .appending = PTHREAD_MUTEX_INITIALIZER,
                        .turn = PTHREAD_COND_INITIALIZER};
    size_t piece = loading->options->piece_bytes > 0 ? loading->options->piece_bytes : CSV_PIECE_BYTES;
    *wrong = false;
    enum status status =
        csv_pieces_open(&crew.pieces, loading->path, &loading->dataset->dialect, piece, loading->task, error);
    if (status == STATUS_OK) {
        work_together(&crew, crew_size(loading, piece));
        *wrong = crew.wrong;
        status = crew.status;
        if (status != STATUS_OK)
            *error = crew.error;
    }
    loading->bytes_read = crew.pieces.input.file == NULL || csv_input_packed(&crew.pieces.input) ? 0 : crew.bytes;
    crew.totals.dialect = loading->dataset->dialect;
    crew.totals.width = loading->width;
    crew.totals.input.odd_bytes = crew.pieces.input.odd_bytes;
    crew.totals.input.nul_bytes = crew.pieces.input.nul_bytes;
    csv_pieces_close(&crew.pieces);
    if ((status == STATUS_OK || status == STATUS_CANCELLED) && !*wrong) {
        struct error ignored;
        enum status finished = finish(loading, &crew.totals, again, status == STATUS_OK ? error : &ignored);
        status = status == STATUS_OK ? finished : status;
    }
    return status;
}

// Rows that make up the table when not all of them do.
static size_t rows_wanted(const struct loading *loading, bool again) {
    if (loading->stopped && again)
        return loading->rows;
    return loading->options->rows_most > 0 ? (size_t)loading->options->rows_most : SIZE_MAX;
}

// Reading was cancelled: the rows so far are kept where that is wanted, and nothing asks the task any more.
static enum status keep_partial(struct loading *loading, enum status status) {
    if (status != STATUS_CANCELLED || !loading->options->keeps_partial || loading->rows == 0)
        return status;
    loading->stopped = true;
    loading->task = NULL;
    return STATUS_OK;
}

static enum status read_all(struct loading *loading, size_t wanted, uint64_t bytes, bool again, struct error *error) {
    size_t notes = loading->dataset->notes.count;
    bool wrong = wanted < SIZE_MAX; // one reader stops where it is told
    enum status status = forget(loading, notes, again, error);
    if (status == STATUS_OK && !wrong)
        status = many_readers(loading, again, &wrong, error);
    if (status != STATUS_OK || !wrong)
        return status;
    task_begin(loading->task, again ? "Reading again" : "Reading", "bytes", bytes);
    status = forget(loading, notes, again, error);
    return status == STATUS_OK ? one_reader(loading, wanted, again, error) : status;
}

enum status csv_rows_read(struct loading *loading, bool again, struct error *error) {
    int64_t bytes = input_size(loading->path);
    size_t rows = loading->rows, wanted = rows_wanted(loading, again);
    uint64_t total = bytes > 0 ? (uint64_t)bytes : 0;
    task_begin(loading->task, again ? "Reading again" : "Reading", "bytes", total);
    enum status status = read_all(loading, wanted, total, again, error);
    if (!again)
        status = keep_partial(loading, status);
    if (status == STATUS_OK && again && rows != loading->rows)
        status = error_set(error, STATUS_IO, "%s: changed while it was read; open it again", loading->path);
    return status;
}
