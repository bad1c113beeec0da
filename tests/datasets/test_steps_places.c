// Steps on columns that lie in a file give the cells and the ledger that they give in memory.
#include "tests/datasets/steps_fixture.h"

#include "core/base/rng.h"

enum { MANY = 40000 };

static void add_made(struct dataset *dataset, const char *name, enum column_type type, uint64_t seed) {
    struct error error;
    struct column_maker maker;
    struct column *column = NULL;
    struct rng rng = rng_make(seed, RNG_TEST, 0);
    assert_int_equal(column_maker_open(&maker, name, type, &error), STATUS_OK);
    for (size_t row = 0; row < MANY; row++) {
        uint64_t missing = rng_below(&rng, 4) == 0;
        double value = rng_normal(&rng) * (rng_below(&rng, 100) == 0 ? 50 : 1);
        uint32_t code = 0;
        char word[2] = {(char)('a' + rng_below(&rng, 5)), '\0'};
        if (type == COLUMN_CATEGORY)
            assert_int_equal(column_word(maker.column, word, 1, &code, &error), STATUS_OK);
        value = missing ? 0 : value;
        code = missing ? 0 : code;
        assert_int_equal(column_maker_add(&maker, &value, &code, &missing, 1, &error), STATUS_OK);
    }
    assert_int_equal(column_maker_finish(&maker, &column, &error), STATUS_OK);
    assert_int_equal(table_add(dataset->table, column, &error), STATUS_OK);
}

static struct prepared *prepare(const char *steps, size_t memory) {
    struct error error = {0};
    struct prepared *prepared = NULL;
    cells_set_memory(memory);
    struct dataset *dataset = dataset_of(MANY);
    add_made(dataset, "a", COLUMN_NUMERIC, 1);
    add_made(dataset, "b", COLUMN_NUMERIC, 2);
    add_made(dataset, "w", COLUMN_CATEGORY, 3);
    assert_int_equal(dataset->table->columns[0]->values == NULL, memory == 1);
    assert_int_equal(dataset->table->columns[2]->codes == NULL, memory == 1);
    struct split split = split_of(MANY, NULL);
    for (size_t row = 0; row < MANY; row++)
        split.part[row] = (uint8_t)(row * 7 % 10 < 7 ? PART_TRAIN : PART_VALIDATION);
    struct pipeline *pipeline = parse_steps(steps);
    if (pipeline_run(pipeline, dataset, &split, &prepared, NULL, &error) != STATUS_OK)
        fail_msg("%s: %s", steps, error.text);
    pipeline_free(pipeline);
    split_free(&split);
    dataset_free(dataset);
    cells_set_memory(0);
    return prepared;
}

static void same_columns(const struct column *a, const struct column *b) {
    char left[64], right[64];
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->missing_count, b->missing_count);
    assert_int_equal(a->integer, b->integer);
    for (size_t row = 0; row < a->rows; row += 7)
        assert_string_equal(column_text(a, row, left), column_text(b, row, right));
}

static void same_cells_in_a_file(void **state) {
    (void)state;
    static const char *const pipelines[] = {
        "missing=mean:indicator=yes",
        "missing=previous",
        "missing=linear",
        "missing=constant:value=zebra",
        "missing=drop-row",
        "missing=knn:donors=200",
        "missing=drop-column",
        "infinities,outliers=clip",
        "outliers=winsorize:method=modified-z",
        "outliers=flag:method=z",
        "outliers=drop",
        "outliers=drop:method=forest:share=0.02",
        "outliers=missing:method=forest:score=0.55",
        "smooth=hampel",
        "smooth=exponential",
        "drop-duplicates=columns=w",
        "check=low=-1:unique=yes:not_missing=yes:flag=bad:columns=a",
        "check=set=a\\,b",
        "near-equal=merges=a\\=b\\,c\\=new",
    };
    for (size_t i = 0; i < sizeof pipelines / sizeof pipelines[0]; i++) {
        struct prepared *memory = prepare(pipelines[i], 0), *file = prepare(pipelines[i], 1);
        const struct table *a = last_stage(memory), *b = last_stage(file);
        print_message("  %s: %zu rows\n", pipelines[i], a->rows);
        assert_int_equal(a->column_count, b->column_count);
        assert_int_equal(a->rows, b->rows);
        for (size_t column = 0; column < a->column_count; column++)
            same_columns(a->columns[column], b->columns[column]);
        assert_int_equal(memory->ledger.cells, file->ledger.cells);
        assert_int_equal(memory->ledger.rows, file->ledger.rows);
        assert_int_equal(memory->ledger.count, file->ledger.count);
        for (size_t entry = 0; entry < memory->ledger.count; entry += 11) {
            assert_int_equal(memory->ledger.entries[entry].line, file->ledger.entries[entry].line);
            if (memory->ledger.entries[entry].after != NULL)
                assert_string_equal(memory->ledger.entries[entry].after, file->ledger.entries[entry].after);
        }
        prepared_free(memory);
        prepared_free(file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_cells_in_a_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
