// The group of every row: rows with the same cell of a column, wherever its cells lie.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/split_parts.h"

#define NO_GROUP UINT32_MAX

// Words have codes, so a group is looked up by code; numbers are hashed (open addressing).
struct slot {
    uint64_t key; // bits of the number
    uint32_t id;  // NO_GROUP: free
};
struct grouping {
    struct split_groups *groups;
    struct task *task;
    uint32_t *by_code; // [words]
    struct slot *slots;
    size_t slot_count; // a power of two
    uint32_t missing;  // the group of rows without a value
};

static uint64_t bits_of(double value) {
    uint64_t bits;
    value += 0.0; // never −0
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static size_t home_of(const struct grouping *grouping, uint64_t key) {
    uint64_t hash = key * 0x9e3779b97f4a7c15u;
    return (size_t)(hash ^ hash >> 32) & (grouping->slot_count - 1);
}

static struct slot *slot_of(const struct grouping *grouping, uint64_t key) {
    size_t at = home_of(grouping, key);
    while (grouping->slots[at].id != NO_GROUP && grouping->slots[at].key != key)
        at = (at + 1) & (grouping->slot_count - 1);
    return &grouping->slots[at];
}

static enum status make_slots(struct grouping *grouping, size_t count, struct error *error) {
    grouping->slots = mem_alloc(count, sizeof *grouping->slots);
    if (grouping->slots == NULL)
        return error_memory(error, "the groups", count * sizeof *grouping->slots);
    for (size_t i = 0; i < count; i++)
        grouping->slots[i].id = NO_GROUP;
    grouping->slot_count = count;
    return STATUS_OK;
}

static enum status grow(struct grouping *grouping, struct error *error) {
    struct slot *old = grouping->slots;
    size_t count = grouping->slot_count;
    enum status status = make_slots(grouping, count * 4, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        if (old[i].id != NO_GROUP)
            *slot_of(grouping, old[i].key) = old[i];
    mem_free(old);
    return status;
}

static uint32_t next_group(struct grouping *grouping, uint32_t *id) {
    if (*id == NO_GROUP)
        *id = (uint32_t)grouping->groups->count++;
    return *id;
}

static void group_words(struct grouping *grouping, const struct column_cells *cells, uint32_t *of) {
    for (size_t i = 0; i < cells->count; i++) {
        bool missing = cells_missing(cells, i);
        grouping->groups->missing += missing;
        of[i] = next_group(grouping, missing ? &grouping->missing : &grouping->by_code[cells->codes[i]]);
    }
}

// Room for as many new groups as the block may have is made before, so that slots stay where they are; those of
// the numbers to come are asked from memory ahead.
static enum status group_numbers(struct grouping *grouping, const struct column_cells *cells, uint32_t *of,
                                 struct error *error) {
    enum { AHEAD = 16 };
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (grouping->groups->count + cells->count) * 2 > grouping->slot_count)
        status = grow(grouping, error);
    for (size_t i = 0; i < cells->count && status == STATUS_OK; i++) {
        if (i + AHEAD < cells->count)
            __builtin_prefetch(&grouping->slots[home_of(grouping, bits_of(cells->values[i + AHEAD]))], 1);
        if (cells_missing(cells, i) || isnan(cells->values[i])) {
            grouping->groups->missing++;
            of[i] = next_group(grouping, &grouping->missing);
            continue;
        }
        struct slot *slot = slot_of(grouping, bits_of(cells->values[i]));
        slot->key = bits_of(cells->values[i]);
        of[i] = next_group(grouping, &slot->id);
    }
    return status;
}

static enum status group_block(void *context, const struct column_cells *cells, struct error *error) {
    struct grouping *grouping = context;
    uint32_t *of = grouping->groups->of + cells->first;
    enum status status = task_step(grouping->task, 0, error);
    if (status == STATUS_OK && cells->values != NULL)
        status = group_numbers(grouping, cells, of, error);
    else if (status == STATUS_OK)
        group_words(grouping, cells, of);
    return status;
}

enum status split_groups_read(const struct column *column, struct split_groups *groups, struct task *task,
                              struct error *error) {
    struct grouping grouping = {.groups = groups, .task = task, .missing = NO_GROUP};
    *groups = (struct split_groups){.of = mem_alloc(column->rows, sizeof *groups->of)};
    enum status status =
        groups->of == NULL ? error_memory(error, "the groups", column->rows * sizeof *groups->of) : STATUS_OK;
    if (status == STATUS_OK && column_has_values(column)) {
        status = make_slots(&grouping, 4096, error);
    } else if (status == STATUS_OK) {
        grouping.by_code = mem_alloc(column->word_count + 1, sizeof *grouping.by_code);
        if (grouping.by_code == NULL)
            status = error_memory(error, "the groups", column->word_count * sizeof *grouping.by_code);
        else
            memset(grouping.by_code, 0xff, (column->word_count + 1) * sizeof *grouping.by_code);
    }
    if (status == STATUS_OK)
        status = column_each(column, group_block, &grouping, error);
    mem_free(grouping.by_code);
    mem_free(grouping.slots);
    if (status != STATUS_OK)
        split_groups_free(groups);
    return status;
}

void split_groups_free(struct split_groups *groups) {
    mem_free(groups->of);
    *groups = (struct split_groups){0};
}
