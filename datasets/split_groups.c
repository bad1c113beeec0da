// The group of every row: rows with the same cell of a column, wherever its cells lie.
#include <math.h>
#include <string.h>

#include "core/base/mem.h"
#include "datasets/split_parts.h"

#define NO_GROUP UINT32_MAX

// Words have codes, so a group is looked up by code; numbers are hashed (open addressing).
struct grouping {
    struct split_groups *groups;
    uint32_t *by_code; // [words]
    uint64_t *keys;    // [slots] bits of the number; free where `ids` is NO_GROUP
    uint32_t *ids;     // [slots]
    size_t slots;      // a power of two
    uint32_t missing;  // the group of rows without a value
};

static uint64_t bits_of(double value) {
    uint64_t bits;
    value += 0.0; // never −0
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static size_t slot_of(const struct grouping *grouping, uint64_t key) {
    uint64_t hash = key * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(hash ^ hash >> 32) & (grouping->slots - 1);
    while (grouping->ids[at] != NO_GROUP && grouping->keys[at] != key)
        at = (at + 1) & (grouping->slots - 1);
    return at;
}

static enum status table_of(struct grouping *grouping, size_t slots, struct error *error) {
    grouping->keys = mem_alloc(slots, sizeof *grouping->keys);
    grouping->ids = mem_alloc(slots, sizeof *grouping->ids);
    if (grouping->keys == NULL || grouping->ids == NULL)
        return error_memory(error, "the groups", slots * (sizeof *grouping->keys + sizeof *grouping->ids));
    memset(grouping->ids, 0xff, slots * sizeof *grouping->ids);
    grouping->slots = slots;
    return STATUS_OK;
}

static enum status grow(struct grouping *grouping, struct error *error) {
    struct grouping old = *grouping;
    enum status status = table_of(grouping, old.slots * 4, error);
    for (size_t i = 0; i < old.slots && status == STATUS_OK; i++) {
        if (old.ids[i] == NO_GROUP)
            continue;
        size_t at = slot_of(grouping, old.keys[i]);
        grouping->keys[at] = old.keys[i];
        grouping->ids[at] = old.ids[i];
    }
    mem_free(old.keys);
    mem_free(old.ids);
    return status;
}

static uint32_t next_group(struct grouping *grouping, uint32_t *id) {
    if (*id == NO_GROUP)
        *id = (uint32_t)grouping->groups->count++;
    return *id;
}

static enum status group_block(void *context, const struct column_cells *cells, struct error *error) {
    struct grouping *grouping = context;
    uint32_t *of = grouping->groups->of + cells->first;
    for (size_t i = 0; i < cells->count; i++) {
        if (cells_missing(cells, i) || (cells->values != NULL && isnan(cells->values[i]))) {
            grouping->groups->missing++;
            of[i] = next_group(grouping, &grouping->missing);
        } else if (cells->values == NULL) {
            of[i] = next_group(grouping, &grouping->by_code[cells->codes[i]]);
        } else {
            if (grouping->groups->count * 2 >= grouping->slots) {
                enum status status = grow(grouping, error);
                if (status != STATUS_OK)
                    return status;
            }
            uint64_t key = bits_of(cells->values[i]);
            size_t at = slot_of(grouping, key);
            grouping->keys[at] = key;
            of[i] = next_group(grouping, &grouping->ids[at]);
        }
    }
    return STATUS_OK;
}

enum status split_groups_read(const struct column *column, struct split_groups *groups, struct error *error) {
    struct grouping grouping = {.groups = groups, .missing = NO_GROUP};
    *groups = (struct split_groups){.of = mem_alloc(column->rows, sizeof *groups->of)};
    enum status status =
        groups->of == NULL ? error_memory(error, "the groups", column->rows * sizeof *groups->of) : STATUS_OK;
    if (status == STATUS_OK && column_has_values(column)) {
        status = table_of(&grouping, 4096, error);
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
    mem_free(grouping.keys);
    mem_free(grouping.ids);
    if (status != STATUS_OK)
        split_groups_free(groups);
    return status;
}

void split_groups_free(struct split_groups *groups) {
    mem_free(groups->of);
    *groups = (struct split_groups){0};
}
