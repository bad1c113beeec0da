#include "datasets/near_equal.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

// ---- sorting words into groups ----

struct member {
    const struct column *column;
    const size_t *counts;
    uint32_t code, root; // root: the group's number
};

static int by_group(const void *a, const void *b) { // within a group: most rows first, then the smallest word
    const struct member *x = a, *y = b;
    if (x->root != y->root)
        return x->root < y->root ? -1 : 1;
    if (x->counts[x->code] != y->counts[y->code])
        return x->counts[x->code] > y->counts[y->code] ? -1 : 1;
    return strcmp(x->column->words[x->code], y->column->words[y->code]);
}

static int by_rows(const void *a, const void *b) {
    const struct near_group *x = a, *y = b;
    if (x->rows != y->rows)
        return x->rows > y->rows ? -1 : 1;
    return (x->codes[0] > y->codes[0]) - (x->codes[0] < y->codes[0]);
}

static enum status add_group(struct near_groups *groups, size_t *capacity, const struct member *members, size_t count,
                             struct error *error) {
    uint32_t *codes = mem_alloc(count, sizeof *codes);
    if (codes == NULL || !vec_reserve(&groups->items, capacity, groups->count + 1, sizeof *groups->items)) {
        mem_free(codes);
        return error_memory(error, "near-equal words", count * sizeof *codes);
    }
    struct near_group group = {.codes = codes, .count = count};
    for (size_t i = 0; i < count; i++) {
        codes[i] = members[i].code;
        group.rows += members[i].counts[members[i].code];
    }
    groups->items[groups->count++] = group;
    return STATUS_OK;
}

static enum status collect(struct member *members, size_t count, struct near_groups *groups, struct error *error) {
    enum status status = STATUS_OK;
    size_t capacity = 0;
    qsort(members, count, sizeof *members, by_group);
    for (size_t from = 0, to; from < count && status == STATUS_OK; from = to) {
        for (to = from + 1; to < count && members[to].root == members[from].root; to++) {
        }
        if (to - from > 1)
            status = add_group(groups, &capacity, members + from, to - from, error);
    }
    if (groups->count > 1)
        qsort(groups->items, groups->count, sizeof *groups->items, by_rows);
    return status;
}

// ---- keys ----

struct keyed {
    char *key;
    size_t member;
};

static int by_key(const void *a, const void *b) {
    return strcmp(((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

static enum status make_key(const char *word, const struct near_options *options, struct keyed *keyed,
                            struct error *error) {
    struct str key = {0};
    if (options->key == NEAR_FINGERPRINT)
        near_fingerprint(word, &key);
    else
        near_ngram(word, options->size, &key);
    keyed->key = key.failed ? NULL : mem_string(str_text(&key));
    str_free(&key);
    return keyed->key == NULL ? error_memory(error, "the key of a word", strlen(word)) : STATUS_OK;
}

static enum status group_by_key(struct member *members, size_t count, const struct near_options *options,
                                struct task *task, struct error *error) {
    struct keyed *keyed = mem_alloc(count + 1, sizeof *keyed);
    enum status status = keyed == NULL ? error_memory(error, "the keys of words", count * sizeof *keyed) : STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        keyed[i].member = i;
        status = make_key(members[i].column->words[members[i].code], options, &keyed[i], error);
        if (status == STATUS_OK && i % 4096 == 0)
            status = task_step(task, 0, error);
    }
    if (status == STATUS_OK)
        qsort(keyed, count, sizeof *keyed, by_key);
    for (size_t i = 1; i < count && status == STATUS_OK; i++) {
        bool same = keyed[i].key[0] != '\0' && by_key(&keyed[i - 1], &keyed[i]) == 0; // no key: no group
        if (same)
            members[keyed[i].member].root = members[keyed[i - 1].member].root;
    }
    for (size_t i = 0; keyed != NULL && i < count; i++)
        mem_free(keyed[i].key);
    mem_free(keyed);
    return status;
}

// ---- distance ----

enum { LETTERS_MOST = 256 };

struct letters {
    uint32_t *codes;
    size_t count;
    bool digits;
};

static enum status read_letters(const char *word, struct letters *letters, struct error *error) {
    size_t length = strlen(word);
    letters->codes = mem_alloc(length + 1, sizeof *letters->codes);
    if (letters->codes == NULL)
        return error_memory(error, "the letters of a word", length * sizeof *letters->codes);
    while (length > 0) {
        size_t bytes = utf8_decode(word, length, &letters->codes[letters->count]);
        letters->digits = letters->digits || (*word >= '0' && *word <= '9');
        letters->count++;
        word += bytes;
        length -= bytes;
    }
    return STATUS_OK;
}

static bool is_digit(uint32_t code) {
    return code >= '0' && code <= '9';
}

static bool same_digits(const struct letters *a, const struct letters *b) {
    size_t i = 0, j = 0;
    if (!a->digits && !b->digits)
        return true;
    for (;;) {
        while (i < a->count && !is_digit(a->codes[i]))
            i++;
        while (j < b->count && !is_digit(b->codes[j]))
            j++;
        if (i == a->count || j == b->count)
            return i == a->count && j == b->count;
        if (a->codes[i++] != b->codes[j++])
            return false;
    }
}

// Levenshtein's distance, of which only the band of `most` around the diagonal is worked out.
static bool within(const struct letters *a, const struct letters *b, size_t most) {
    size_t row[LETTERS_MOST + 1];
    if (a->count > LETTERS_MOST || b->count > LETTERS_MOST || a->count > b->count + most || b->count > a->count + most)
        return false;
    for (size_t j = 0; j <= b->count; j++)
        row[j] = j;
    for (size_t i = 1; i <= a->count; i++) {
        size_t from = i > most ? i - most : 1, to = i + most < b->count ? i + most : b->count, least = SIZE_MAX;
        size_t diagonal = row[from - 1];
        row[from - 1] = from == 1 ? i : most + 1;
        for (size_t j = from; j <= to; j++) {
            size_t above = j == i + most ? most + 1 : row[j], best = diagonal + (a->codes[i - 1] != b->codes[j - 1]);
            diagonal = row[j];
            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            least = best < least ? best : least;
        }
        if (least > most)
            return false;
    }
    return row[b->count] <= most;
}

static uint32_t root_of(struct member *members, uint32_t at) {
    while (members[at].root != at) {
        members[at].root = members[members[at].root].root;
        at = members[at].root;
    }
    return at;
}

static enum status join_near(struct member *members, size_t count, const struct letters *letters, size_t most,
                             struct task *task, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = i % 16 == 0 ? task_step(task, 0, error) : STATUS_OK;
        if (letters[i].count <= 2 * most)
            continue;
        for (size_t j = 0; j < i; j++) {
            if (letters[j].count <= 2 * most || !within(&letters[i], &letters[j], most) ||
                !same_digits(&letters[i], &letters[j]))
                continue;
            members[root_of(members, (uint32_t)i)].root = root_of(members, (uint32_t)j);
        }
    }
    for (size_t i = 0; i < count; i++)
        members[i].root = root_of(members, (uint32_t)i);
    return status;
}

static enum status group_by_distance(struct member *members, size_t count, size_t most, struct task *task,
                                     struct error *error) {
    struct letters *letters = mem_alloc(count + 1, sizeof *letters);
    if (letters == NULL)
        return error_memory(error, "the letters of words", count * sizeof *letters);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = read_letters(members[i].column->words[members[i].code], &letters[i], error);
    if (status == STATUS_OK)
        status = join_near(members, count, letters, most, task, error);
    for (size_t i = 0; i < count; i++)
        mem_free(letters[i].codes);
    mem_free(letters);
    return status;
}

// ---- both ----

enum status near_equal_groups(const struct column *column, const size_t *counts, const struct near_options *options,
                              struct near_groups *groups, struct task *task, struct error *error) {
    size_t count = 0;
    *groups = (struct near_groups){0};
    struct member *members = mem_alloc(column->word_count + 1, sizeof *members);
    if (members == NULL)
        return error_memory(error, "the words of a column", column->word_count * sizeof *members);
    for (size_t code = 0; code < column->word_count; code++) {
        if (counts[code] == 0)
            continue;
        members[count] = (struct member){column, counts, (uint32_t)code, (uint32_t)count};
        count++;
    }
    enum status status;
    if (options->key != NEAR_DISTANCE)
        status = group_by_key(members, count, options, task, error);
    else if (count > NEAR_DISTANCE_WORDS)
        status =
            error_set(error, STATUS_UNSUPPORTED,
                      "column \"%s\" has %zu words, too many to compare each with each (at most %zu); use the keys "
                      "fingerprint or ngram",
                      column->name, count, NEAR_DISTANCE_WORDS);
    else
        status = group_by_distance(members, count, options->distance, task, error);
    if (status == STATUS_OK)
        status = collect(members, count, groups, error);
    mem_free(members);
    if (status != STATUS_OK)
        near_groups_free(groups);
    return status;
}

void near_groups_free(struct near_groups *groups) {
    for (size_t i = 0; i < groups->count; i++)
        mem_free(groups->items[i].codes);
    mem_free(groups->items);
    *groups = (struct near_groups){0};
}

// ---- lists of merges ----

static void add_word(struct str *list, const char *word) {
    for (; *word != '\0'; word++) {
        if (*word == ',' || *word == '=' || *word == '\\')
            str_add_char(list, '\\');
        str_add_char(list, *word);
    }
}

void merge_list_add(struct str *list, const char *from, const char *to) {
    if (list->length > 0)
        str_add_char(list, ',');
    add_word(list, from);
    str_add_char(list, '=');
    add_word(list, to);
}

// Reads up to an unprotected `end` (or the end of the text) and steps over it; false where the other sign stands.
static bool take_word(const char **at, char end, char other, struct str *word) {
    str_clear(word);
    for (; **at != '\0' && **at != end; (*at)++) {
        if (**at == other)
            return false;
        *at += **at == '\\' && (*at)[1] != '\0';
        str_add_char(word, **at);
    }
    return true;
}

bool merge_list_next(const char **list, struct str *from, struct str *to) {
    const char *at = *list;
    if (*at == '\0' || !take_word(&at, '=', ',', from) || *at != '=')
        return false;
    at++;
    if (!take_word(&at, ',', '=', to))
        return false;
    at += *at == ',';
    *list = at;
    return true;
}
