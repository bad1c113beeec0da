// Reading a table that was kept.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/checksum.h"
#include "core/base/crew.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "datasets/cells_file.h"
#include "datasets/kept_file.h"

struct kept_column { // where its parts lie
    const char *name;
    enum column_type type;
    bool integer;
    size_t missing, word_count;
    uint64_t cells, hashes, words, words_end, hash, words_hash;
    struct column *column; // made
};

struct reading {
    const char *name; // of the kept file
    struct cell_store *store;
    uint64_t bytes;
    cJSON *json;
    size_t rows, count;
    struct kept_column *columns; // [count]
    struct table *table;
    struct dialect dialect;
    struct notes notes;
    struct task *task;
    bool in_memory;
};

static enum status damaged(const struct reading *reading, struct error *error) {
    return error_set(error, STATUS_INVALID, "%s: is damaged", reading->name);
}

// ---- numbers and bytes ----------------------------------------------------------------------------

static bool number_at(const cJSON *object, const char *name, uint64_t *value) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    bool good = cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 9007199254740992.0;
    *value = good ? (uint64_t)item->valuedouble : 0;
    return good;
}

static bool hash_at(const cJSON *object, const char *name, uint64_t *value) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    char *end = NULL;
    if (!cJSON_IsString(item))
        return false;
    *value = strtoull(item->valuestring, &end, 16);
    return *end == '\0' && end != item->valuestring;
}

// Bytes of the file, freed with mem_free, that have the hash.
static enum status read_part(const struct reading *reading, uint64_t at, uint64_t count, uint64_t hash, char **bytes,
                             struct error *error) {
    if (at > reading->bytes || count > reading->bytes - at)
        return damaged(reading, error);
    char *part = mem_alloc(count + 1, 1);
    if (part == NULL)
        return error_memory(error, reading->name, count);
    enum status status = cell_store_read(reading->store, part, count, at, error);
    if (status == STATUS_OK && checksum_hash64(part, count, 0) != hash)
        status = damaged(reading, error);
    if (status == STATUS_OK)
        *bytes = part;
    else
        mem_free(part);
    return status;
}

// ---- what the file says ---------------------------------------------------------------------------

static enum status read_json(struct reading *reading, struct error *error) {
    struct kept_footer footer;
    char *text = NULL;
    if (reading->bytes < sizeof footer)
        return damaged(reading, error);
    enum status status = cell_store_read(reading->store, &footer, sizeof footer, reading->bytes - sizeof footer, error);
    if (status == STATUS_OK && footer.magic != KEPT_MAGIC)
        status = damaged(reading, error);
    if (status == STATUS_OK)
        status = read_part(reading, footer.at, footer.count, footer.hash, &text, error);
    if (status != STATUS_OK)
        return status;
    reading->json = cJSON_Parse(text);
    mem_free(text);
    return reading->json == NULL ? damaged(reading, error) : STATUS_OK;
}

static bool read_column(const struct reading *reading, const cJSON *object, struct kept_column *column) {
    uint64_t type, integer, missing, words;
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(object, "name");
    bool good = cJSON_IsString(name) && number_at(object, "type", &type) && type < COLUMN_TYPES &&
                number_at(object, "integer", &integer) && number_at(object, "missing", &missing) &&
                missing <= reading->rows && number_at(object, "cells", &column->cells) &&
                number_at(object, "hashes", &column->hashes) && hash_at(object, "hash", &column->hash) &&
                number_at(object, "words", &column->words) && number_at(object, "words_end", &column->words_end) &&
                column->words_end >= column->words && number_at(object, "word_count", &words) &&
                hash_at(object, "words_hash", &column->words_hash);
    if (!good)
        return false;
    column->name = name->valuestring;
    column->type = (enum column_type)type;
    column->integer = integer != 0;
    column->missing = missing;
    column->word_count = words;
    return true;
}

static enum status read_columns(struct reading *reading, struct error *error) {
    const cJSON *columns = cJSON_GetObjectItemCaseSensitive(reading->json, "columns"), *object;
    int count = cJSON_GetArraySize(columns);
    uint64_t rows;
    if (count < 1 || !number_at(reading->json, "rows", &rows))
        return damaged(reading, error);
    reading->rows = rows;
    reading->columns = mem_alloc((size_t)count, sizeof *reading->columns);
    if (reading->columns == NULL)
        return error_memory(error, reading->name, (size_t)count * sizeof *reading->columns);
    cJSON_ArrayForEach(object, columns) {
        if (!read_column(reading, object, &reading->columns[reading->count++]))
            return damaged(reading, error);
    }
    return STATUS_OK;
}

static enum status read_lines(struct reading *reading, struct error *error) {
    uint64_t count, at, hash, dialect;
    char *bytes = NULL;
    struct table *table = reading->table;
    bool good = number_at(reading->json, "line_count", &count) && number_at(reading->json, "lines", &at) &&
                count <= reading->bytes / sizeof *table->lines && hash_at(reading->json, "lines_hash", &hash) &&
                number_at(reading->json, "dialect", &dialect);
    if (!good)
        return damaged(reading, error);
    enum status status = read_part(reading, at, count * sizeof *table->lines, hash, &bytes, error);
    if (status == STATUS_OK)
        status = cell_store_read(reading->store, &reading->dialect, sizeof reading->dialect, dialect, error);
    if (status != STATUS_OK) {
        mem_free(bytes);
        return status;
    }
    mem_free(table->lines);
    table->lines = (struct line_run *)(void *)bytes;
    table->line_count = table->line_capacity = count;
    return STATUS_OK;
}

static enum status read_notes(struct reading *reading, struct error *error) {
    const cJSON *object;
    enum status status = STATUS_OK;
    uint64_t dropped = 0, line = 0;
    cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(reading->json, "notes")) {
        const cJSON *text = cJSON_GetObjectItemCaseSensitive(object, "text");
        const cJSON *column = cJSON_GetObjectItemCaseSensitive(object, "column");
        if (!cJSON_IsString(text) || !number_at(object, "line", &line))
            return damaged(reading, error);
        status = notes_add(&reading->notes, line, cJSON_IsString(column) ? column->valuestring : NULL, error, "%s",
                           text->valuestring);
        if (status != STATUS_OK)
            return status;
    }
    number_at(reading->json, "notes_dropped", &dropped);
    reading->notes.dropped = dropped;
    return status;
}

// ---- cells ----------------------------------------------------------------------------------------

static size_t cell_bytes(const struct kept_column *kept) {
    return kept->type == COLUMN_NUMERIC || kept->type == COLUMN_DATE ? sizeof(double) : sizeof(uint32_t);
}

static size_t blocks_of(const struct reading *reading) {
    return (reading->rows + COLUMN_BLOCK - 1) / COLUMN_BLOCK;
}

// A block of the file, whole and with the right hash, to a maker.
static enum status take_block(const struct reading *reading, const struct kept_column *kept, size_t block,
                              uint64_t hash, char *room, struct column_maker *maker, struct error *error) {
    size_t cells = COLUMN_BLOCK * cell_bytes(kept), bytes = cells + CELLS_MISSING_BYTES;
    size_t left = reading->rows - block * COLUMN_BLOCK;
    enum status status = cell_store_read(reading->store, room, bytes, kept->cells + block * bytes, error);
    if (status == STATUS_OK && cell_block_hash(room, cells) != hash)
        status = damaged(reading, error);
    if (status != STATUS_OK)
        return status;
    return column_maker_add(maker, (const double *)(const void *)room, (const uint32_t *)(const void *)room,
                            (const uint64_t *)(const void *)(room + cells), left < COLUMN_BLOCK ? left : COLUMN_BLOCK,
                            error);
}

// The column's cells come into memory.
static enum status take_cells(struct reading *reading, struct kept_column *kept, const uint64_t *hashes,
                              struct error *error) {
    struct column_maker maker = {0};
    char *room = mem_alloc(COLUMN_BLOCK * sizeof(double) + CELLS_MISSING_BYTES, 1);
    enum status status = room == NULL ? error_memory(error, kept->name, COLUMN_BLOCK * sizeof(double))
                                      : column_maker_open(&maker, kept->name, kept->type, error);
    if (status == STATUS_OK)
        status = column_maker_reserve(&maker, reading->rows, error);
    for (size_t block = 0; block < blocks_of(reading) && status == STATUS_OK; block++) {
        status = task_step(reading->task, cell_bytes(kept) * COLUMN_BLOCK, error);
        if (status == STATUS_OK)
            status = take_block(reading, kept, block, hashes[block], room, &maker, error);
    }
    if (status == STATUS_OK)
        status = column_maker_finish(&maker, &kept->column, error);
    column_maker_close(&maker);
    mem_free(room);
    return status;
}

// The column's cells stay where they lie.
static enum status point_at_cells(struct reading *reading, struct kept_column *kept, uint64_t *hashes,
                                  struct error *error) {
    struct column *column = column_make(kept->name, kept->type, 0, error);
    if (column == NULL)
        return STATUS_MEMORY;
    column->file = cell_file_of(reading->store, cell_bytes(kept), kept->cells, blocks_of(reading), hashes, error);
    column->rows = reading->rows;
    column->missing_count = kept->missing;
    mem_free(column->values);
    mem_free(column->codes);
    column->values = NULL;
    column->codes = NULL;
    kept->column = column;
    return column->file == NULL ? STATUS_MEMORY : STATUS_OK;
}

static enum status take_words(struct reading *reading, struct kept_column *kept, struct error *error) {
    char *text = mem_alloc(kept->words_end - kept->words + 1, 1);
    uint64_t hash = 0;
    if (text == NULL)
        return error_memory(error, kept->name, kept->words_end - kept->words);
    enum status status = cell_store_read(reading->store, text, kept->words_end - kept->words, kept->words, error);
    const char *word = text, *end = text + (kept->words_end - kept->words);
    for (size_t i = 0; i < kept->word_count && status == STATUS_OK; i++) {
        uint32_t code = 0;
        size_t length = word < end ? strlen(word) : 0;
        if (word >= end)
            status = damaged(reading, error);
        else
            status = column_word(kept->column, word, length, &code, error);
        hash = checksum_hash64(word, length + 1, hash);
        word += length + 1;
    }
    if (status == STATUS_OK && (hash != kept->words_hash || kept->column->word_count != kept->word_count))
        status = damaged(reading, error);
    column_seal(kept->column);
    mem_free(text);
    return status;
}

static enum status make_column(struct reading *reading, struct kept_column *kept, struct error *error) {
    char *hashes = NULL;
    uint64_t block = COLUMN_BLOCK * cell_bytes(kept) + CELLS_MISSING_BYTES, blocks = blocks_of(reading);
    if (kept->cells > reading->bytes || blocks > (reading->bytes - kept->cells) / block ||
        kept->words_end > reading->bytes)
        return damaged(reading, error);
    enum status status = read_part(reading, kept->hashes, blocks * sizeof(uint64_t), kept->hash, &hashes, error);
    uint64_t *list = (uint64_t *)(void *)hashes;
    if (status == STATUS_OK)
        status =
            reading->in_memory ? take_cells(reading, kept, list, error) : point_at_cells(reading, kept, list, error);
    if (status == STATUS_OK && kept->column->missing_count != kept->missing)
        status = damaged(reading, error);
    if (status == STATUS_OK && !column_has_values(kept->column))
        status = take_words(reading, kept, error);
    if (status == STATUS_OK)
        kept->column->integer = kept->integer;
    mem_free(hashes);
    return status;
}

static enum status make_one(void *context, size_t index, struct error *error) {
    struct reading *reading = context;
    return make_column(reading, &reading->columns[index], error);
}

static enum status make_columns(struct reading *reading, struct error *error) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < reading->count; i++)
        bytes += reading->rows * cell_bytes(&reading->columns[i]);
    reading->in_memory = cells_in_memory() + bytes <= cells_memory();
    task_begin(reading->task, "Opening", "bytes", bytes);
    enum status status = crew_run(reading->count, 0, make_one, reading, reading->task, error);
    for (size_t i = 0; i < reading->count && status == STATUS_OK; i++) {
        status = table_add(reading->table, reading->columns[i].column, error);
        reading->columns[i].column = NULL;
    }
    return status;
}

// ---- the whole ------------------------------------------------------------------------------------

// *same false: the file is that of another key.
static enum status read_kept(struct reading *reading, const char *path, const struct str *key, bool *same,
                             struct error *error) {
    enum status status = read_json(reading, error);
    if (status != STATUS_OK)
        return status;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(reading->json, "key");
    const cJSON *target = cJSON_GetObjectItemCaseSensitive(reading->json, "target");
    *same = cJSON_IsString(item) && text_equal(item->valuestring, str_text(key));
    if (!*same)
        return STATUS_OK;
    status = read_columns(reading, error);
    if (status == STATUS_OK && reading->count > 0)
        status = table_make(0, path, &reading->table, error);
    if (status == STATUS_OK) {
        reading->table->rows = reading->rows;
        status = read_lines(reading, error);
    }
    if (status == STATUS_OK)
        status = read_notes(reading, error);
    if (status == STATUS_OK)
        status = make_columns(reading, error);
    if (status != STATUS_OK)
        return status;
    reading->table->target = cJSON_IsNumber(target) ? target->valueint : -1;
    return reading->table->target < (int)reading->count ? STATUS_OK : damaged(reading, error);
}

static bool open_kept(struct reading *reading) {
    struct stat stat_of;
    struct error error;
    int fd = open(reading->name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (fstat(fd, &stat_of) != 0 || !S_ISREG(stat_of.st_mode)) {
        close(fd);
        return false;
    }
    futimens(fd, NULL); // used now; where that is not allowed, it will go sooner
    reading->bytes = (uint64_t)stat_of.st_size;
    reading->store = cell_store_open(fd, reading->name, &error);
    return reading->store != NULL;
}

static void hand_over(struct reading *reading, struct dataset *dataset) {
    dataset->kind = DATASET_TABLE;
    dataset->table = reading->table;
    dataset->dialect = reading->dialect;
    dataset->notes = reading->notes;
    reading->table = NULL;
    reading->notes = (struct notes){0};
}

static void reading_clear(struct reading *reading) {
    for (size_t i = 0; i < reading->count; i++)
        column_release(reading->columns[i].column);
    mem_free(reading->columns);
    table_free(reading->table);
    notes_free(&reading->notes);
    cJSON_Delete(reading->json);
    cell_store_release(reading->store);
}

enum status kept_read(const char *path, const struct load_options *options, struct str *key, struct dataset *dataset,
                      bool *found, struct task *task, struct error *error) {
    struct str name = {0};
    struct reading reading = {.task = task};
    enum status status = STATUS_OK;
    *found = false;
    if (!kept_key(path, options, key, &name))
        str_clear(key);
    reading.name = str_text(&name);
    if (key->length > 0 && open_kept(&reading)) {
        status = read_kept(&reading, path, key, found, error);
        if (status == STATUS_OK && *found)
            hand_over(&reading, dataset);
        else
            *found = false;
        if (status != STATUS_OK && status != STATUS_CANCELLED) {
            log_add(LOG_WARNING, "%s; it was removed, and the text is read again", error->text);
            unlink(reading.name);
            status = STATUS_OK;
        }
    }
    reading_clear(&reading);
    str_free(&name);
    return status;
}
