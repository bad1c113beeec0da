// Writing a table that is kept. A thread of its own reads the columns, which never change, block by block.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checksum.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "datasets/cells_file.h"
#include "datasets/kept_file.h"

struct keeping {
    struct str key, name;
    struct table *table;
    struct dialect dialect;
    cJSON *notes;
    size_t notes_dropped;
    uint64_t at; // bytes written so far
    FILE *stream;
};

static struct {
    pthread_mutex_t lock;
    pthread_t thread;
    bool begun, joined; // a thread was started; it has been waited for
    _Atomic bool busy, stopped;
} writer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keeping_free(struct keeping *keeping) {
    if (keeping == NULL)
        return;
    table_free(keeping->table);
    cJSON_Delete(keeping->notes);
    str_free(&keeping->key);
    str_free(&keeping->name);
    mem_free(keeping);
}

// ---- the parts of the file ------------------------------------------------------------------------

// Where the bytes begin. Whether the stream took them is found at its end.
static double put(struct keeping *keeping, const void *bytes, size_t count) {
    uint64_t at = keeping->at;
    if (count > 0)
        (void)!fwrite(bytes, 1, count, keeping->stream);
    keeping->at += count;
    return (double)at;
}

static bool add_number(cJSON *object, const char *name, double value) {
    return cJSON_AddNumberToObject(object, name, value) != NULL;
}

// A hash has more digits than a JSON number holds.
static bool add_hash(cJSON *object, const char *name, uint64_t hash) {
    char text[24];
    snprintf(text, sizeof text, "%llx", (unsigned long long)hash);
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

struct blocks { // of one column
    struct keeping *keeping;
    size_t cell;
    char room[COLUMN_BLOCK * sizeof(double) + CELLS_MISSING_BYTES]; // as it lies in the file
    uint64_t *hashes;
    size_t count;
};

static enum status put_block(void *context, const struct column_cells *cells, struct error *error) {
    struct blocks *blocks = context;
    size_t bytes = COLUMN_BLOCK * blocks->cell;
    if (atomic_load(&writer.stopped))
        return error_set(error, STATUS_CANCELLED, "the program ends");
    memset(blocks->room, 0, bytes + CELLS_MISSING_BYTES);
    memcpy(blocks->room, cells->values != NULL ? (const void *)cells->values : cells->codes,
           cells->count * blocks->cell);
    for (size_t word = 0; cells->missing != NULL && word < (cells->count + 63) / 64; word++) {
        uint64_t bits = cells->missing[word];
        if (cells->count - 64 * word < 64)
            bits &= ((uint64_t)1 << (cells->count - 64 * word)) - 1;
        memcpy(blocks->room + bytes + 8 * word, &bits, sizeof bits);
    }
    blocks->hashes[blocks->count++] = cell_block_hash(blocks->room, bytes);
    put(blocks->keeping, blocks->room, bytes + CELLS_MISSING_BYTES);
    return STATUS_OK;
}

static enum status put_cells(struct keeping *keeping, const struct column *column, cJSON *object, struct error *error) {
    struct blocks *blocks = mem_alloc(1, sizeof *blocks);
    uint64_t *hashes = mem_alloc(column_blocks(column) + 1, sizeof *hashes);
    enum status status = STATUS_OK;
    if (blocks == NULL || hashes == NULL) {
        status = error_memory(error, "a block of cells", sizeof *blocks);
        goto out;
    }
    *blocks = (struct blocks){.keeping = keeping, .cell = column_has_values(column) ? 8 : 4, .hashes = hashes};
    double at = (double)keeping->at;
    status = column_each(column, put_block, blocks, error);
    if (status != STATUS_OK)
        goto out;
    size_t bytes = blocks->count * sizeof *hashes;
    bool good = add_number(object, "cells", at) && add_number(object, "hashes", put(keeping, hashes, bytes)) &&
                add_hash(object, "hash", checksum_hash64(hashes, bytes, 0));
    if (!good)
        status = error_memory(error, "a kept table", 64);
out:
    mem_free(hashes);
    mem_free(blocks);
    return status;
}

static enum status put_words(struct keeping *keeping, const struct column *column, cJSON *object, struct error *error) {
    double at = (double)keeping->at;
    uint64_t hash = 0;
    for (size_t i = 0; i < column->word_count; i++) {
        size_t length = strlen(column->words[i]) + 1;
        hash = checksum_hash64(column->words[i], length, hash);
        put(keeping, column->words[i], length);
    }
    bool good = add_number(object, "words", at) && add_number(object, "words_end", (double)keeping->at) &&
                add_number(object, "word_count", (double)column->word_count) && add_hash(object, "words_hash", hash);
    return good ? STATUS_OK : error_memory(error, "a kept table", 64);
}

static enum status put_column(struct keeping *keeping, const struct column *column, cJSON *columns,
                              struct error *error) {
    cJSON *object = cJSON_CreateObject();
    if (object == NULL || !cJSON_AddItemToArray(columns, object)) {
        cJSON_Delete(object);
        return error_memory(error, "a kept table", 64);
    }
    bool good = cJSON_AddStringToObject(object, "name", column->name) != NULL &&
                add_number(object, "type", column->type) && add_number(object, "integer", column->integer) &&
                add_number(object, "missing", (double)column->missing_count);
    enum status status = good ? put_cells(keeping, column, object, error) : error_memory(error, "a kept table", 64);
    return status == STATUS_OK ? put_words(keeping, column, object, error) : status;
}

static bool put_lines(struct keeping *keeping, cJSON *object) {
    const struct table *table = keeping->table;
    size_t bytes = table->line_count * sizeof *table->lines;
    return add_number(object, "line_count", (double)table->line_count) &&
           add_number(object, "lines", put(keeping, table->lines, bytes)) &&
           add_hash(object, "lines_hash", checksum_hash64(table->lines, bytes, 0)) &&
           add_number(object, "dialect", put(keeping, &keeping->dialect, sizeof keeping->dialect));
}

// ---- the whole ------------------------------------------------------------------------------------

static bool put_end(struct keeping *keeping, const cJSON *object) {
    char *text = cJSON_PrintUnformatted(object);
    if (text == NULL)
        return false;
    size_t count = strlen(text);
    struct kept_footer footer = {KEPT_MAGIC, keeping->at, count, checksum_hash64(text, count, 0)};
    put(keeping, text, count);
    put(keeping, &footer, sizeof footer);
    cJSON_free(text);
    return true;
}

static enum status put_table(struct keeping *keeping, cJSON *object, struct error *error) {
    const struct table *table = keeping->table;
    cJSON *columns = cJSON_AddArrayToObject(object, "columns");
    bool good = columns != NULL && cJSON_AddStringToObject(object, "key", str_text(&keeping->key)) != NULL &&
                add_number(object, "rows", (double)table->rows) && add_number(object, "target", table->target) &&
                add_number(object, "notes_dropped", (double)keeping->notes_dropped) &&
                cJSON_AddItemToObject(object, "notes", keeping->notes);
    if (good)
        keeping->notes = NULL; // the object's now
    enum status status = good ? STATUS_OK : error_memory(error, "a kept table", 64);
    for (size_t i = 0; i < table->column_count && status == STATUS_OK; i++)
        status = put_column(keeping, table->columns[i], columns, error);
    if (status == STATUS_OK && !(put_lines(keeping, object) && put_end(keeping, object)))
        status = error_memory(error, "a kept table", 64);
    return status;
}

static uint64_t bytes_of(const struct table *table) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < table->column_count; i++)
        bytes +=
            (uint64_t)column_blocks(table->columns[i]) * COLUMN_BLOCK * (column_has_values(table->columns[i]) ? 8 : 4);
    return bytes;
}

static enum status write_file(struct keeping *keeping, struct error *error) {
    struct file_writer file = {0};
    const char *name = str_text(&keeping->name);
    if (!kept_make_room(name, bytes_of(keeping->table)))
        return error_set(error, STATUS_IO, "the cache folder has no room for it");
    cJSON *object = cJSON_CreateObject();
    enum status status = object == NULL ? error_memory(error, name, 64) : file_create(&file, name, error);
    keeping->stream = file.stream;
    if (status == STATUS_OK)
        status = put_table(keeping, object, error);
    if (status == STATUS_OK)
        status = file_commit(&file, error);
    file_abort(&file);
    cJSON_Delete(object);
    return status;
}

static void *work(void *context) {
    struct keeping *keeping = context;
    struct error error = {0};
    enum status status = write_file(keeping, &error);
    if (status == STATUS_OK)
        log_add(LOG_INFO, "%s is kept in the cache folder: opening it again will be quick", keeping->table->name);
    else if (status != STATUS_CANCELLED)
        log_add(LOG_WARNING, "%s is not kept for quick opening: %s", keeping->table->name, error.text);
    keeping_free(keeping);
    atomic_store(&writer.busy, false);
    return NULL;
}

static cJSON *notes_json(const struct notes *notes) {
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; array != NULL && i < notes->count; i++) {
        const struct note *note = &notes->items[i];
        cJSON *object = cJSON_CreateObject();
        bool good = object != NULL && cJSON_AddItemToArray(array, object);
        if (!good)
            cJSON_Delete(object);
        good = good && add_number(object, "line", (double)note->line) &&
               cJSON_AddStringToObject(object, "text", note->text) != NULL &&
               (note->column == NULL || cJSON_AddStringToObject(object, "column", note->column) != NULL);
        if (!good) {
            cJSON_Delete(array);
            return NULL;
        }
    }
    return array;
}

static struct keeping *keeping_make(const char *path, const struct load_options *options, const struct str *key,
                                    const struct dataset *dataset) {
    struct error error;
    struct keeping *keeping = mem_alloc(1, sizeof *keeping);
    if (keeping == NULL || !kept_key(path, options, &keeping->key, &keeping->name) ||
        !text_equal(str_text(key), str_text(&keeping->key)) || (keeping->notes = notes_json(&dataset->notes)) == NULL ||
        table_share(dataset->table, &keeping->table, &error) != STATUS_OK) {
        keeping_free(keeping);
        return NULL;
    }
    keeping->notes_dropped = dataset->notes.dropped;
    keeping->dialect = dataset->dialect;
    return keeping;
}

// ---- the thread -----------------------------------------------------------------------------------

static void wait_locked(void) {
    if (writer.begun && !writer.joined)
        pthread_join(writer.thread, NULL);
    writer.joined = true;
}

void kept_wait(void) {
    pthread_mutex_lock(&writer.lock);
    wait_locked();
    pthread_mutex_unlock(&writer.lock);
}

static void give_up(void) {
    atomic_store(&writer.stopped, true);
    kept_wait();
}

static void begin(struct keeping *keeping) {
    static bool registered;
    wait_locked();
    registered = registered || atexit(give_up) == 0;
    atomic_store(&writer.busy, true);
    writer.begun = registered && pthread_create(&writer.thread, NULL, work, keeping) == 0;
    writer.joined = !writer.begun;
    if (writer.begun)
        return;
    atomic_store(&writer.busy, false);
    keeping_free(keeping);
}

void kept_write(const char *path, const struct load_options *options, const struct str *key,
                const struct dataset *dataset) {
    if (key->length == 0 || dataset->partial || dataset->table == NULL || bytes_of(dataset->table) < kept_least())
        return;
    pthread_mutex_lock(&writer.lock);
    if (!atomic_load(&writer.busy)) { // else another one is being written, and this one is read again next time
        struct keeping *keeping = keeping_make(path, options, key, dataset);
        if (keeping != NULL)
            begin(keeping);
    }
    pthread_mutex_unlock(&writer.lock);
}
