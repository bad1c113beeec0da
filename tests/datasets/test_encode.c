// Sources: what becomes a feature, a label, a number; new data under a stored encoding; CSV out.
#include "tests/support/test.h"

#include <unistd.h>

#include "core/base/file.h"
#include "datasets/images.h"
#include "tests/datasets/steps_support.h"

static struct prepared *prepare(struct dataset *dataset, struct split *split, const char *steps) {
    struct error error = {0};
    struct prepared *prepared = NULL;
    struct pipeline *pipeline = parse_steps(steps);
    if (pipeline_run(pipeline, dataset, split, &prepared, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    pipeline_free(pipeline);
    return prepared;
}

static struct source *make(struct dataset *dataset, const int *train, const char *task, struct notes *notes) {
    struct error error = {0};
    struct source *source = NULL;
    struct split split = split_of(dataset_rows(dataset), train);
    struct prepared *prepared = prepare(dataset, &split, "");
    if (source_make(dataset, prepared, &split, task, notes, &source, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    prepared_free(prepared);
    split_free(&split);
    return source;
}

static void refused(struct dataset *dataset, const char *task, const char *sentence) {
    struct error error = {0};
    struct source *source = NULL;
    struct split split = split_of(dataset_rows(dataset), NULL);
    struct prepared *prepared = prepare(dataset, &split, "");
    assert_int_not_equal(source_make(dataset, prepared, &split, task, NULL, &source, &error), STATUS_OK);
    if (strstr(error.text, sentence) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", sentence, error.text);
    assert_null(source);
    prepared_free(prepared);
    split_free(&split);
}

// Two features, one word column, a category to predict.
static struct dataset *flowers(void) {
    struct dataset *dataset = dataset_of(6);
    add_numbers(dataset, "width", (double[]){1, 2, 3, 4, 5, 6});
    add_words(dataset, "color", (const char *const[]){"red", "red", "blue", "red", "blue", "red"});
    add_words(dataset, "kind", (const char *const[]){"rose", "lily", NULL, "rose", "aster", "lily"});
    add_numbers(dataset, "height", (double[]){0.5, 1.5, 2.5, 3.5, 4.5, 5.5});
    dataset->table->target = 2;
    return dataset;
}

static void a_table_becomes_a_source(void **state) {
    (void)state;
    struct notes notes = {0};
    struct dataset *dataset = flowers();
    struct source *source = make(dataset, (int[]){1, 1, 1, 1, 0, 1}, "auto", &notes);
    dataset_free(dataset);             // the source stands alone
    assert_int_equal(source->rows, 5); // the row without a kind is left out
    assert_int_equal(source->dtype, DTYPE_F32);
    assert_int_equal(source->sample.rank, 1);
    assert_int_equal(source->sample.size[0], 2);
    assert_string_equal(source->feature_names[0], "width");
    assert_string_equal(source->feature_names[1], "height");
    const float *features = source->features;
    static const float expected[] = {1, 0.5f, 2, 1.5f, 4, 3.5f, 5, 4.5f, 6, 5.5f};
    assert_memory_equal(features, expected, sizeof expected);
    assert_int_equal(source->task, SOURCE_CLASSIFY);
    assert_int_equal(source->classes, 3);
    assert_string_equal(source->class_names[0], "aster");
    assert_string_equal(source->class_names[2], "rose");
    static const int32_t labels[] = {2, 1, 2, 0, 1};
    assert_memory_equal(source->labels, labels, sizeof labels);
    assert_int_equal(source->part_count[PART_TRAIN], 4);
    assert_int_equal(source->part_count[PART_VALIDATION], 1);
    assert_int_equal(source->part_rows[PART_VALIDATION][0], 3);
    assert_int_equal(source->origin[3], 4);
    assert_string_equal(source->target_name, "kind");
    bool color = false, left_out = false, single = false;
    for (size_t i = 0; i < notes.count; i++) {
        color = color || strstr(notes.items[i].text, "\"color\" is category") != NULL;
        left_out = left_out || strstr(notes.items[i].text, "1 row is left out") != NULL;
        single = single || strstr(notes.items[i].text, "class \"aster\" of \"kind\" has one row only") != NULL;
    }
    assert_true(color && left_out && single);
    assert_ptr_equal(source_share(source), source);
    source_release(source);
    source_release(source);
    source_release(NULL);
    notes_free(&notes);
}

static void numbers_are_standardized_on_training_rows(void **state) {
    (void)state;
    struct notes notes = {0};
    struct dataset *dataset = flowers();
    dataset->table->target = 3;
    table_remove(dataset->table, 2);
    struct source *source = make(dataset, (int[]){1, 1, 1, 0, 0, 0}, "auto", &notes);
    assert_int_equal(source->task, SOURCE_REGRESS);
    assert_near(source->target_mean, 1.5, 1e-15);
    assert_near(source->target_sd, sqrt(2.0 / 3), 1e-15);
    for (size_t row = 0; row < 6; row++)
        assert_near(source->targets[row], ((double)row + 0.5 - 1.5) / sqrt(2.0 / 3), 1e-6);
    assert_null(source->labels);
    source_release(source);
    notes_free(&notes);
    dataset_free(dataset);
}

// `count` rows with the given different values in turn.
static enum source_task task_of(const double *values, size_t different, size_t rows, const char *task) {
    struct notes notes = {0};
    double x[256], y[256];
    for (size_t row = 0; row < rows; row++) {
        x[row] = (double)row;
        y[row] = values[row % different];
    }
    struct dataset *dataset = dataset_of(rows);
    add_numbers(dataset, "x", x);
    add_numbers(dataset, "y", y);
    dataset->table->target = 1;
    struct source *source = make(dataset, NULL, task, &notes);
    enum source_task found = source->task;
    assert_int_equal(notes.count > 0, text_equal(task, "auto")); // it is said why
    source_release(source);
    notes_free(&notes);
    dataset_free(dataset);
    return found;
}

static void whole_numbers_may_be_classes(void **state) {
    (void)state;
    double many[30];
    for (size_t i = 0; i < 30; i++)
        many[i] = (double)i;
    assert_int_equal(task_of((double[]){0, 1}, 2, 4, "auto"), SOURCE_CLASSIFY);
    assert_int_equal(task_of((double[]){3, 4, 5, 6, 7, 8}, 6, 60, "auto"), SOURCE_CLASSIFY); // marks of wines
    assert_int_equal(task_of((double[]){2001, 2002, 2003}, 3, 60, "auto"), SOURCE_REGRESS);  // years
    assert_int_equal(task_of((double[]){1, 2.5}, 2, 60, "auto"), SOURCE_REGRESS);
    assert_int_equal(task_of((double[]){1, 50, 5000}, 3, 60, "auto"), SOURCE_REGRESS);
    assert_int_equal(task_of(many, 30, 240, "auto"), SOURCE_REGRESS);
    assert_int_equal(task_of(many, 10, 12, "auto"), SOURCE_REGRESS); // each seldom twice
    assert_int_equal(task_of((double[]){0, 1}, 2, 4, "regress"), SOURCE_REGRESS);
    assert_int_equal(task_of(many, 30, 240, "classify"), SOURCE_CLASSIFY);
}

static void numbered_classes_are_sorted_by_value(void **state) {
    (void)state;
    struct notes notes = {0};
    struct dataset *dataset = dataset_of(6);
    add_numbers(dataset, "x", (double[]){1, 2, 3, 4, 5, 6});
    add_numbers(dataset, "y", (double[]){10, 9, -1, 10, 9, -1});
    dataset->table->target = 1;
    struct source *source = make(dataset, NULL, "classify", &notes);
    assert_string_equal(source->class_names[0], "-1");
    assert_string_equal(source->class_names[1], "9");
    assert_string_equal(source->class_names[2], "10");
    assert_int_equal(source->labels[0], 2);
    source_release(source);
    notes_free(&notes);
    dataset_free(dataset);
}

static void what_cannot_be_learned_is_said(void **state) {
    (void)state;
    struct dataset *dataset = flowers();
    refused(dataset, "auto", "column \"color\" is category");
    refused(dataset, "regress", "column \"kind\" is category; only numbers");
    dataset->table->target = -1;
    refused(dataset, "auto", "no column to predict");
    dataset_free(dataset);

    dataset = dataset_of(4);
    add_numbers(dataset, "x", (double[]){1, NAN, 3, 4});
    add_words(dataset, "one", (const char *const[]){"a", "a", NULL, "a"});
    dataset->table->target = 1;
    refused(dataset, "auto", "\"one\" has one class only (\"a\")");
    table_remove(dataset->table, 1);
    add_words(dataset, "two", (const char *const[]){"a", "b", NULL, "a"});
    dataset->table->target = 1;
    refused(dataset, "auto",
            "made.csv line 3: column \"x\" is missing there, and a model needs a number; add the step "
            "\"missing\"");
    struct column *x = dataset->table->columns[0];
    column_clear_missing(x, 1);
    x->values[1] = -INFINITY;
    refused(dataset, "auto", "line 3: column \"x\" is infinite there");
    x->values[1] = 1e300;
    refused(dataset, "auto", "line 3: column \"x\" holds 1e+300, which is too large");
    table_remove(dataset->table, 0);
    refused(dataset, "auto", "no column left");
    table_remove(dataset->table, 0);
    add_numbers(dataset, "x", (double[]){1, 2, 3, 4});
    add_words(dataset, "void", (const char *const[]){NULL, NULL, NULL, NULL});
    dataset->table->target = 1;
    refused(dataset, "auto", "\"void\" is to be predicted but has no value");
    table_remove(dataset->table, 1);
    add_numbers(dataset, "same", (double[]){0.5, 0.5, 0.5, 0.5});
    dataset->table->target = 1;
    refused(dataset, "auto", "\"same\" has the same value in every training row");
    dataset->table->columns[1]->values[0] = INFINITY;
    refused(dataset, "auto", "line 2: column \"same\" is infinite");
    dataset_free(dataset);
}

static void the_fingerprint_sees_everything(void **state) {
    (void)state;
    struct notes notes = {0};
    struct dataset *dataset = flowers();
    struct source *a = make(dataset, NULL, "auto", &notes), *b = make(dataset, NULL, "auto", &notes);
    struct source *c = make(dataset, (int[]){1, 1, 1, 1, 1, 0}, "auto", &notes);
    dataset->table->columns[0]->values[5] = 6.5;
    struct source *d = make(dataset, NULL, "auto", &notes);
    assert_true(a->fingerprint == b->fingerprint);
    assert_true(a->fingerprint != c->fingerprint && a->fingerprint != d->fingerprint);
    source_release(a);
    source_release(b);
    source_release(c);
    source_release(d);
    notes_free(&notes);
    dataset_free(dataset);
}

// ---- new data ----

static struct encoding stored_and_loaded(const struct source *source) {
    struct error error = {0};
    struct encoding encoding = {0}, back = {0};
    assert_int_equal(encoding_of(source, &encoding, &error), STATUS_OK);
    cJSON *object = cJSON_CreateObject();
    assert_int_equal(encoding_save(&encoding, object, &error), STATUS_OK);
    char *text = cJSON_Print(object);
    cJSON *parsed = cJSON_Parse(text);
    if (encoding_load(parsed, &back, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    cJSON_free(text);
    cJSON_Delete(parsed);
    cJSON_Delete(object);
    encoding_free(&encoding);
    return back;
}

static void new_data_is_encoded_the_same(void **state) {
    (void)state;
    struct error error = {0};
    struct notes notes = {0};
    struct dataset *dataset = flowers(), *fresh = dataset_of(3);
    struct source *source = make(dataset, NULL, "auto", &notes), *encoded = NULL;
    struct encoding encoding = stored_and_loaded(source);
    add_words(fresh, "kind", (const char *const[]){"lily", "tulip", NULL});
    add_numbers(fresh, "height", (double[]){7, 8, 9});
    add_numbers(fresh, "extra", (double[]){NAN, 8, 9});
    struct split split = split_of(3, NULL);
    struct prepared *prepared = prepare(fresh, &split, "");
    assert_int_equal(source_encode(fresh, prepared, &encoding, &encoded, &error), STATUS_MISSING);
    assert_non_null(strstr(error.text, "made.csv has no column \"width\""));
    prepared_free(prepared);
    add_numbers(fresh, "width", (double[]){70, 80, 90});
    prepared = prepare(fresh, &split, "");
    assert_int_equal(source_encode(fresh, prepared, &encoding, &encoded, &error), STATUS_OK);
    static const float expected[] = {70, 7, 80, 8, 90, 9};
    assert_memory_equal(encoded->features, expected, sizeof expected);
    static const int32_t labels[] = {1, -1, -1};
    assert_memory_equal(encoded->labels, labels, sizeof labels);
    assert_int_equal(encoded->part_count[PART_TEST], 3);
    assert_int_equal(encoded->classes, 3);
    source_release(encoded);
    prepared_free(prepared);
    split_free(&split);
    encoding_free(&encoding);
    source_release(source);
    notes_free(&notes);
    dataset_free(fresh);
    dataset_free(dataset);
}

static void indices_come_behind_numbers(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = flowers();
    struct split split = split_of(6, NULL);
    struct prepared *prepared = prepare(dataset, &split, "index"), *plain = NULL;
    struct source *source = NULL, *encoded = NULL;
    assert_int_equal(source_make(dataset, prepared, &split, "auto", NULL, &source, &error), STATUS_OK);
    static const float expected[] = {1, 0.5f, 2, 2, 1.5f, 2, 4, 3.5f, 2, 5, 4.5f, 1, 6, 5.5f, 2};
    static const uint32_t categories[] = {0, 0, 3};
    assert_int_equal(source->sample.size[0], 3);
    assert_string_equal(source->feature_names[1], "height");
    assert_string_equal(source->feature_names[2], "color");
    assert_memory_equal(source->features, expected, sizeof expected);
    assert_memory_equal(source->categories, categories, sizeof categories);
    struct encoding encoding = stored_and_loaded(source);
    assert_memory_equal(encoding.categories, categories, sizeof categories);
    assert_int_equal(source_encode(dataset, prepared, &encoding, &encoded, &error), STATUS_OK);
    assert_memory_equal(encoded->categories, categories, sizeof categories);
    plain = prepare(dataset, &split, "ordinal"); // a number where training had an index
    assert_int_equal(source_encode(dataset, plain, &encoding, &encoded, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "\"color\" has other categories"));
    prepared_free(plain);
    source_release(encoded);
    encoding_free(&encoding);
    source_release(source);
    prepared_free(prepared);
    split_free(&split);
    dataset_free(dataset);
}

static void stored_targets_turn_back_to_the_bit(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = dataset_of(3), *fresh = dataset_of(2);
    add_numbers(dataset, "x", (double[]){1, 2, 3});
    add_numbers(dataset, "y", (double[]){0.1, 0.7, 1.3 / 3});
    dataset->table->target = 1;
    struct notes notes = {0};
    struct source *source = make(dataset, NULL, "auto", &notes), *encoded = NULL;
    struct encoding encoding = stored_and_loaded(source);
    assert_true(encoding.target_mean == source->target_mean && encoding.target_sd == source->target_sd);
    add_numbers(fresh, "x", (double[]){1, 2});
    struct split split = split_of(2, NULL);
    struct prepared *prepared = prepare(fresh, &split, "");
    assert_int_equal(source_encode(fresh, prepared, &encoding, &encoded, &error), STATUS_OK);
    assert_true(isnan(encoded->targets[0]) && isnan(encoded->targets[1]));
    source_release(encoded);
    prepared_free(prepared);
    split_free(&split);
    encoding_free(&encoding);
    source_release(source);
    notes_free(&notes);
    dataset_free(fresh);
    dataset_free(dataset);
}

static void damaged_encodings_are_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "{}",
        "[]",
        "{\"features\":[1],\"classes\":[],\"sample\":[1]}",
        "{\"features\":[],\"classes\":[],\"sample\":[0],\"target\":\"y\",\"task\":\"regress\",\"target_mean\":0,"
        "\"target_sd\":1}",
        "{\"features\":[\"a\"],\"classes\":[],\"sample\":[2],\"target\":\"y\",\"task\":\"regress\",\"target_mean\":0,"
        "\"target_sd\":1}",
        "{\"features\":[\"a\"],\"classes\":[],\"sample\":[1],\"target\":\"y\",\"task\":\"regress\",\"target_mean\":"
        "\"0\","
        "\"target_sd\":1}",
        "{\"features\":[\"a\"],\"classes\":[],\"sample\":[1],\"target\":\"y\",\"task\":\"guess\",\"target_mean\":0,"
        "\"target_sd\":1}",
        "{\"features\":[\"a\"],\"classes\":[\"x\"],\"sample\":[1],\"target\":\"y\",\"task\":\"classify\",\"target_"
        "mean\":0,"
        "\"target_sd\":1}",
        "{\"features\":[\"a\"],\"classes\":[],\"sample\":[1],\"target\":\"y\",\"task\":\"regress\",\"target_mean\":0,"
        "\"target_sd\":0}",
        "{\"features\":[\"a\"],\"classes\":[],\"sample\":[1],\"target\":\"y\",\"task\":\"regress\",\"target_mean\":"
        "1e999,"
        "\"target_sd\":1}",
#define MIXED(list)                                                                                                    \
    "{\"features\":[\"a\",\"b\"],\"classes\":[],\"categories\":" list ",\"sample\":[2],\"target\":\"y\","                  \
    "\"task\":\"regress\",\"target_mean\":0,\"target_sd\":1}"
        MIXED("3"),
        MIXED("[0]"),
        MIXED("[0,1,2]"),
        MIXED("[5,0]"), // a number behind an index
        MIXED("[0,-1]"),
        MIXED("[0,2.5]"),
        MIXED("[0,1e9]"),
        MIXED("[0,\"5\"]"),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct error error = {0};
        struct encoding encoding;
        cJSON *object = cJSON_Parse(wrong[i]);
        if (encoding_load(object, &encoding, &error) != STATUS_INVALID)
            fail_msg("was read: %s", wrong[i]);
        cJSON_Delete(object);
    }
    struct error error = {0};
    struct encoding encoding;
    cJSON *object = cJSON_Parse(MIXED("[0,5]"));
    assert_int_equal(encoding_load(object, &encoding, &error), STATUS_OK);
    assert_int_equal(encoding.categories[1], 5);
    encoding_free(&encoding);
    cJSON_Delete(object);
#undef MIXED
}

// ---- images ----

static struct dataset *pictures(size_t count, size_t side, size_t classes) {
    struct error error;
    struct dataset *dataset = mem_alloc(1, sizeof *dataset);
    dataset->kind = DATASET_IMAGES;
    dataset->name = mem_string("pictures");
    dataset->images = images_make(count, 1, side, side, classes, &error);
    dataset->images->test_from = count;
    assert_int_equal(images_number_classes(dataset->images, &error), STATUS_OK);
    for (size_t i = 0; i < count * side * side; i++)
        dataset->images->pixels[i] = (uint8_t)i;
    for (size_t i = 0; i < count; i++)
        dataset->images->labels[i] = (int32_t)(i % classes);
    return dataset;
}

static void images_are_shared_and_outlive_their_data_set(void **state) {
    (void)state;
    struct error error = {0};
    struct dataset *dataset = pictures(4, 3, 2), *larger = pictures(4, 5, 2), *one = pictures(4, 3, 1);
    const uint8_t *pixels = dataset->images->pixels;
    struct source *source = make(dataset, (int[]){1, 0, 1, 1}, "auto", NULL), *encoded = NULL;
    dataset_free(dataset);
    assert_ptr_equal(source->features, pixels); // not copied
    assert_int_equal(((const uint8_t *)source->features)[20], 20);
    assert_int_equal(source->dtype, DTYPE_U8);
    assert_int_equal(source->sample.rank, 3);
    assert_int_equal(source->part_count[PART_TRAIN], 3);
    assert_null(source->feature_names);
    assert_string_equal(source->target_name, "class");
    struct encoding encoding = stored_and_loaded(source);
    struct split split = split_of(4, NULL);
    struct prepared *prepared = prepare(larger, &split, "");
    assert_int_equal(source_encode(larger, prepared, &encoding, &encoded, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "1×5×5 and the model was trained on 1×3×3"));
    refused(one, "auto", "one class only");
    refused(larger, "regress", "holds images with classes");
    prepared_free(prepared);
    split_free(&split);
    encoding_free(&encoding);
    source_release(source);
    dataset_free(larger);
    dataset_free(one);
}

// ---- CSV out ----

static void written_tables_are_quoted_and_harmless(void **state) {
    (void)state;
    struct error error = {0};
    char path[256], *text = NULL;
    const char *folder = getenv("TMPDIR");
    size_t size;
    struct dataset *dataset = dataset_of(6);
    add_numbers(dataset, "n", (double[]){-1, 0.1, NAN, 1e300, 12345678901234, -0.25});
    add_words(dataset, "say \"hi\", =1", (const char *const[]){"=1+1", "-5", "a,b", NULL, "two\nlines", "@\"x\""});
    snprintf(path, sizeof path, "%s/batchlab-out-%ld.csv", folder != NULL ? folder : "/tmp", (long)getpid());
    assert_int_equal(table_write_csv(dataset->table, path, &error), STATUS_OK);
    assert_int_equal(file_read(path, 0, &text, &size, &error), STATUS_OK);
    assert_string_equal(text, "n,\"say \"\"hi\"\", =1\"\n"
                              "-1,'=1+1\n"
                              "0.1,-5\n"
                              ",\"a,b\"\n"
                              "1e+300,\n"
                              "12345678901234,\"two\nlines\"\n"
                              "-0.25,\"'@\"\"x\"\"\"\n");
    unlink(path);
    mem_free(text);
    assert_int_not_equal(table_write_csv(dataset->table, "/no/such/folder/out.csv", &error), STATUS_OK);
    assert_non_null(strstr(error.text, "/no/such/folder"));
    dataset_free(dataset);
}

static void running_out_of_memory_is_said(void **state) {
    (void)state;
    struct dataset *dataset = flowers();
    struct split split = split_of(6, NULL);
    struct prepared *prepared = prepare(dataset, &split, "one-hot");
    enum status status = STATUS_MEMORY;
    unsigned long failures = 0;
    for (; status != STATUS_OK && failures < 500; failures++) {
        struct error error = {0};
        struct notes notes = {0};
        struct source *source = NULL;
        mem_fail_at(failures + 1);
        status = source_make(dataset, prepared, &split, "auto", &notes, &source, &error);
        mem_fail_at(0);
        assert_true(status == STATUS_OK || (status == STATUS_MEMORY && source == NULL && error.text[0] != '\0'));
        if (status == STATUS_OK)
            source_release(source);
        notes_free(&notes);
    }
    assert_in_range(failures, 20, 200);
    prepared_free(prepared);
    split_free(&split);
    dataset_free(dataset);
}

// Where memory is short, features lie in a file: the same bits, the same refusals.
static void features_beyond_memory_are_the_same(void **state) {
    (void)state;
    enum { MANY = 50000 };
    static double a[MANY], b[MANY];
    static const char *words[MANY], *class[MANY];
    for (int row = 0; row < MANY; row++) {
        a[row] = row * 0.37 - 1000;
        b[row] = row % 977;
        words[row] = row % 5 == 2 ? "x" : row % 5 == 3 ? "y" : "z";
        class[row] = row % 3 ? "yes" : "no";
    }
    struct error error = {0};
    struct source *sources[2] = {NULL, NULL};
    for (int beyond = 0; beyond < 2; beyond++) {
        struct dataset *dataset = dataset_of(MANY);
        add_numbers(dataset, "a", a);
        add_numbers(dataset, "b", b);
        add_words(dataset, "word", words);
        add_words(dataset, "class", class);
        dataset->table->target = 3;
        struct split split = split_of(MANY, NULL);
        struct prepared *prepared = prepare(dataset, &split, "standardize,one-hot");
        cells_set_memory(beyond ? 1 : 0);
        assert_int_equal(source_make(dataset, prepared, &split, "auto", NULL, &sources[beyond], &error), STATUS_OK);
        prepared_free(prepared);
        split_free(&split);
        dataset_free(dataset); // the file is the source's
    }
    size_t bytes = MANY * 5 * sizeof(float);
    float *features = mem_alloc(MANY * 5, sizeof *features);
    assert_int_equal(sources[0]->sample.size[0], 5);
    assert_null(sources[1]->features);
    assert_int_equal(source_read(sources[1], 0, MANY, features, &error), STATUS_OK);
    assert_memory_equal(sources[0]->features, features, bytes);
    assert_true(sources[0]->fingerprint == sources[1]->fingerprint);
    assert_true(features[40002 * 5 + 2] == 1 && features[40002 * 5 + 3] == 0 && features[40003 * 5 + 3] == 1);
    mem_free(features);
    source_release(sources[0]);
    source_release(sources[1]);
    b[49999] = INFINITY;
    struct dataset *dataset = dataset_of(MANY);
    add_numbers(dataset, "a", a);
    add_numbers(dataset, "b", b);
    add_words(dataset, "class", class);
    dataset->table->target = 2;
    refused(dataset, "auto", "line 50001");
    dataset_free(dataset);
    cells_set_memory(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_becomes_a_source),
        cmocka_unit_test(numbers_are_standardized_on_training_rows),
        cmocka_unit_test(whole_numbers_may_be_classes),
        cmocka_unit_test(numbered_classes_are_sorted_by_value),
        cmocka_unit_test(what_cannot_be_learned_is_said),
        cmocka_unit_test(features_beyond_memory_are_the_same),
        cmocka_unit_test(the_fingerprint_sees_everything),
        cmocka_unit_test(new_data_is_encoded_the_same),
        cmocka_unit_test(indices_come_behind_numbers),
        cmocka_unit_test(stored_targets_turn_back_to_the_bit),
        cmocka_unit_test(damaged_encodings_are_refused),
        cmocka_unit_test(images_are_shared_and_outlive_their_data_set),
        cmocka_unit_test(written_tables_are_quoted_and_harmless),
        cmocka_unit_test(running_out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
