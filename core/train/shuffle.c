#include "core/train/shuffle.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/spill.h"

#define RUN_BYTES ((size_t)1 << 20)  // read or written at a time
#define LOAD_BYTES ((size_t)8 << 20) // of a bucket, between two looks at `stop`
#define NO_BUCKET UINT16_MAX         // of rows that are not dealt out

// ---- opening ----------------------------------------------------------------------------------------

static size_t at_least_one(size_t count) {
    return count > 0 ? count : 1;
}

// Half of the memory for a bucket, a quarter for the rows on their way to the file.
static void divide(struct shuffle *shuffle, size_t memory) {
    size_t count = shuffle->count, row = shuffle->row;
    size_t beside = sizeof *shuffle->lies + 2 * sizeof *shuffle->keys;
    size_t each = at_least_one(memory / 2 / (row + beside));
    size_t least = count / NO_BUCKET + 1; // so that bucket numbers fit
    each = each < least ? least : each;
    shuffle->bucket_rows = each < count ? each : count;
    shuffle->buckets = (count + shuffle->bucket_rows - 1) / shuffle->bucket_rows;
    size_t room = memory / 4 / shuffle->buckets;
    shuffle->room_rows = at_least_one((room < RUN_BYTES ? room : RUN_BYTES) / row);
    shuffle->run_rows = RUN_BYTES / row + 1;
}

static enum status take_memory(struct shuffle *shuffle, struct error *error) {
    size_t row = shuffle->row, rows = shuffle->bucket_rows;
    shuffle->bucket = mem_alloc(rows, row);
    shuffle->lies = mem_alloc(rows, sizeof *shuffle->lies);
    shuffle->keys = mem_alloc(rows, 2 * sizeof *shuffle->keys);
    shuffle->bucket_of = mem_alloc(shuffle->source->rows, sizeof *shuffle->bucket_of);
    shuffle->room = mem_alloc(shuffle->buckets * shuffle->room_rows, row);
    shuffle->waiting = mem_alloc(shuffle->buckets, sizeof *shuffle->waiting);
    shuffle->written = mem_alloc(shuffle->buckets, sizeof *shuffle->written);
    shuffle->run = mem_alloc(shuffle->run_rows, row);
    if (shuffle->bucket && shuffle->lies && shuffle->keys && shuffle->bucket_of && shuffle->room && shuffle->waiting &&
        shuffle->written && shuffle->run)
        return STATUS_OK;
    return error_memory(error, "rows that are shuffled", rows * row);
}

enum status shuffle_open(struct shuffle *shuffle, const struct source *source, uint64_t seed, size_t memory,
                         const _Atomic bool *stop, struct error *error) {
    enum status status = STATUS_OK;
    *shuffle = (struct shuffle){.source = source,
                                .stop = stop,
                                .count = source->part_count[PART_TRAIN],
                                .row = source_row_bytes(source),
                                .loaded = SIZE_MAX};
    for (int i = 0; i < 2; i++) {
        struct deal *deal = &shuffle->deals[i];
        *deal = (struct deal){.file = -1, .epoch = UINT64_MAX};
        if (!status)
            status = sampler_open(&deal->sampler, source->part_rows[PART_TRAIN], shuffle->count, seed, error);
        if (!status)
            status = spill_open(&deal->file, error);
    }
    if (status)
        return status;
    divide(shuffle, memory);
    return take_memory(shuffle, error);
}

void shuffle_close(struct shuffle *shuffle) {
    for (int i = 0; i < 2 && shuffle->source; i++) {
        if (shuffle->deals[i].file >= 0)
            close(shuffle->deals[i].file);
        sampler_close(&shuffle->deals[i].sampler);
    }
    mem_free(shuffle->bucket);
    mem_free(shuffle->lies);
    mem_free(shuffle->keys);
    mem_free(shuffle->bucket_of);
    mem_free(shuffle->room);
    mem_free(shuffle->waiting);
    mem_free(shuffle->written);
    mem_free(shuffle->run);
    *shuffle = (struct shuffle){0};
}

static enum status stopped(const struct shuffle *shuffle, struct error *error) {
    return atomic_load(shuffle->stop) ? error_set(error, STATUS_CANCELLED, "reading rows was stopped") : STATUS_OK;
}

// ---- dealing out ------------------------------------------------------------------------------------

static enum status write_room(struct shuffle *shuffle, const struct deal *deal, size_t bucket, struct error *error) {
    size_t row = shuffle->row, first = bucket * shuffle->bucket_rows + shuffle->written[bucket];
    enum status status = spill_write(deal->file, shuffle->room + bucket * shuffle->room_rows * row,
                                     shuffle->waiting[bucket] * row, (uint64_t)first * row, error);
    shuffle->written[bucket] += shuffle->waiting[bucket];
    shuffle->waiting[bucket] = 0;
    return status;
}

// The next run of rows of the source; after the last one, what is left in the rooms.
static enum status deal_run(struct shuffle *shuffle, struct deal *deal, struct error *error) {
    size_t row = shuffle->row, left = shuffle->source->rows - deal->next;
    size_t count = left < shuffle->run_rows ? left : shuffle->run_rows;
    enum status status = source_read(shuffle->source, deal->next, count, shuffle->run, error);
    for (size_t i = 0; i < count && !status; i++) {
        size_t bucket = shuffle->bucket_of[deal->next + i];
        if (bucket == NO_BUCKET)
            continue;
        size_t place = bucket * shuffle->room_rows + shuffle->waiting[bucket]++;
        memcpy(shuffle->room + place * row, shuffle->run + i * row, row);
        if (shuffle->waiting[bucket] == shuffle->room_rows)
            status = write_room(shuffle, deal, bucket, error);
    }
    for (size_t bucket = deal->from; bucket < shuffle->buckets && count == left && !status; bucket++)
        status = write_room(shuffle, deal, bucket, error);
    deal->next += count;
    if (status)
        deal->epoch = UINT64_MAX;
    return status;
}

static void choose_buckets(struct shuffle *shuffle, struct deal *deal) {
    bool fresh;
    sampler_seek(&deal->sampler, deal->epoch, 0);
    const uint32_t *order = sampler_order(&deal->sampler, &fresh);
    for (size_t i = 0; i < shuffle->source->rows; i++)
        shuffle->bucket_of[i] = NO_BUCKET;
    for (size_t i = deal->from * shuffle->bucket_rows; i < shuffle->count; i++)
        shuffle->bucket_of[order[i]] = (uint16_t)(i / shuffle->bucket_rows);
    memset(shuffle->waiting, 0, shuffle->buckets * sizeof *shuffle->waiting);
    memset(shuffle->written, 0, shuffle->buckets * sizeof *shuffle->written);
}

static enum status reserve(const struct shuffle *shuffle, struct deal *deal, struct error *error) {
    if (deal->reserved)
        return STATUS_OK;
    enum status status = spill_reserve(deal->file, (uint64_t)shuffle->count * shuffle->row, error);
    deal->reserved = status == STATUS_OK;
    return status ? error_prefix(error, "shuffling %zu rows", shuffle->count) : STATUS_OK;
}

static bool is_dealt(const struct shuffle *shuffle, const struct deal *deal) {
    return deal->next >= shuffle->source->rows;
}

static struct deal *other_deal(struct shuffle *shuffle) {
    return &shuffle->deals[!shuffle->current];
}

// Another deal that was under way is given up.
static enum status begin_deal(struct shuffle *shuffle, struct deal *deal, uint64_t epoch, size_t from,
                              struct error *error) {
    for (int i = 0; i < 2; i++)
        if (!is_dealt(shuffle, &shuffle->deals[i]))
            shuffle->deals[i].epoch = UINT64_MAX;
    deal->epoch = UINT64_MAX;
    enum status status = reserve(shuffle, deal, error);
    if (status)
        return status;
    deal->epoch = epoch;
    deal->from = from;
    deal->next = 0;
    choose_buckets(shuffle, deal);
    return STATUS_OK;
}

bool shuffle_ahead(struct shuffle *shuffle, uint64_t epoch) {
    struct deal *deal = other_deal(shuffle);
    struct error error;
    if (shuffle->no_room || shuffle->deals[shuffle->current].epoch == epoch)
        return false;
    if (deal->epoch == epoch)
        return !is_dealt(shuffle, deal) && deal_run(shuffle, deal, &error) == STATUS_OK;
    shuffle->no_room = begin_deal(shuffle, deal, epoch, 0, &error) != STATUS_OK;
    return !shuffle->no_room;
}

// Makes the epoch's deal the current one.
static enum status deal_all(struct shuffle *shuffle, uint64_t epoch, size_t bucket, struct error *error) {
    struct deal *deal = &shuffle->deals[shuffle->current], *other = other_deal(shuffle);
    enum status status = STATUS_OK;
    if (other->epoch == epoch && other->from <= bucket) {
        deal = other;
        shuffle->current = !shuffle->current;
        shuffle->loaded = SIZE_MAX;
    }
    bool there = deal->epoch == epoch && deal->from <= bucket;
    if (!there)
        shuffle->loaded = SIZE_MAX;
    if (!there)
        status = begin_deal(shuffle, deal, epoch, bucket, error);
    while (!status && !is_dealt(shuffle, deal)) {
        status = stopped(shuffle, error);
        if (!status)
            status = deal_run(shuffle, deal, error);
    }
    return status;
}

// ---- a bucket in memory -----------------------------------------------------------------------------

// By the upper half of each key, byte by byte from the lowest on; `other` is as large. An even number of passes: the
// result is where the keys were. Takes no memory, unlike qsort.
static void sort_keys(uint64_t *keys, uint64_t *other, size_t count) {
    for (int shift = 32; shift < 64; shift += 8) {
        size_t begins[257] = {0};
        for (size_t i = 0; i < count; i++)
            begins[(keys[i] >> shift & 255) + 1]++;
        for (size_t i = 1; i < 256; i++)
            begins[i] += begins[i - 1];
        for (size_t i = 0; i < count; i++)
            other[begins[keys[i] >> shift & 255]++] = keys[i];
        uint64_t *sorted = other;
        other = keys;
        keys = sorted;
    }
}

// Rows lie in the bucket as the pass over the source met them: ascending.
static void find_places(struct shuffle *shuffle, const uint32_t *order, size_t count) {
    for (size_t i = 0; i < count; i++)
        shuffle->keys[i] = (uint64_t)order[i] << 32 | i;
    sort_keys(shuffle->keys, shuffle->keys + shuffle->bucket_rows, count);
    for (size_t i = 0; i < count; i++)
        shuffle->lies[(uint32_t)shuffle->keys[i]] = (uint32_t)i;
}

static enum status load(struct shuffle *shuffle, size_t bucket, struct error *error) {
    size_t first = bucket * shuffle->bucket_rows, left = shuffle->count - first;
    size_t count = left < shuffle->bucket_rows ? left : shuffle->bucket_rows, bytes = count * shuffle->row;
    enum status status = STATUS_OK;
    shuffle->loaded = SIZE_MAX;
    for (size_t at = 0; at < bytes && !status; at += LOAD_BYTES) {
        size_t now = bytes - at < LOAD_BYTES ? bytes - at : LOAD_BYTES;
        status = stopped(shuffle, error);
        if (!status)
            status = spill_read(shuffle->deals[shuffle->current].file, shuffle->bucket + at, now,
                                (uint64_t)first * shuffle->row + at, error);
    }
    if (status)
        return status;
    find_places(shuffle, shuffle->deals[shuffle->current].sampler.order + first, count);
    shuffle->loaded = bucket;
    return STATUS_OK;
}

enum status shuffle_bring(struct shuffle *shuffle, uint64_t epoch, size_t position, size_t *count,
                          struct error *error) {
    size_t bucket = position / shuffle->bucket_rows, end = (bucket + 1) * shuffle->bucket_rows;
    assert(position < shuffle->count);
    enum status status = deal_all(shuffle, epoch, bucket, error);
    if (!status && shuffle->loaded != bucket)
        status = load(shuffle, bucket, error);
    *count = (end < shuffle->count ? end : shuffle->count) - position;
    return status;
}

const void *shuffle_row(const struct shuffle *shuffle, size_t position, uint32_t *number) {
    size_t lies = shuffle->lies[position - shuffle->loaded * shuffle->bucket_rows];
    *number = shuffle->deals[shuffle->current].sampler.order[position];
    return shuffle->bucket + lies * shuffle->row;
}
