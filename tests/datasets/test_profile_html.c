// The page of the profile: every element is closed, no text of the data becomes part of the page's own, nothing is
// fetched from outside, and the figures of the profile stand in it.
#include "tests/support/test.h"

#include <ctype.h>
#include <string.h>
#include <zlib.h>

#include "datasets/profile.h"
#include "tests/datasets/table_files.h"

// A small reader of XML without its own kinds of text: balanced tags, quoted attributes, known entities.
struct reader {
    const char *at;
    char open[64][32];
    size_t depth, elements;
};

static bool is_name(char c) {
    return isalnum((unsigned char)c) || c == '-' || c == ':';
}

static void read_attributes(struct reader *reader) {
    while (isspace((unsigned char)*reader->at)) {
        while (isspace((unsigned char)*reader->at))
            reader->at++;
        if (!is_name(*reader->at))
            return;
        while (is_name(*reader->at))
            reader->at++;
        assert_int_equal(*reader->at++, '=');
        assert_int_equal(*reader->at++, '"');
        reader->at += strcspn(reader->at, "\"<");
        assert_int_equal(*reader->at++, '"');
    }
}

static void read_tag(struct reader *reader) {
    bool closing = *reader->at == '/';
    char name[32] = "";
    reader->at += closing;
    for (size_t i = 0; is_name(*reader->at) && i < sizeof name - 1; i++)
        name[i] = *reader->at++;
    assert_true(name[0] != '\0');
    if (closing) {
        assert_true(reader->depth > 0);
        assert_string_equal(reader->open[--reader->depth], name);
    } else {
        read_attributes(reader);
        reader->elements++;
        if (*reader->at == '/') {
            reader->at++;
        } else {
            assert_in_range(reader->depth, 0, 63);
            strcpy(reader->open[reader->depth++], name);
        }
    }
    assert_int_equal(*reader->at++, '>');
}

static void read_entity(struct reader *reader) {
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(reader->at, known[i], strlen(known[i])) == 0) {
            reader->at += strlen(known[i]);
            return;
        }
    fail_msg("a bare & at: %.40s", reader->at);
}

static size_t check_page(const char *page) {
    struct reader reader = {.at = page};
    static const char head[] = "<!DOCTYPE html>\n";
    assert_int_equal(strncmp(page, head, sizeof head - 1), 0);
    assert_true(utf8_valid(page, strlen(page)));
    reader.at += sizeof head - 1;
    while (*reader.at) {
        if (*reader.at == '<') {
            reader.at++;
            read_tag(&reader);
        } else if (*reader.at == '&') {
            read_entity(&reader);
        } else {
            assert_true(*reader.at != '>' || (reader.depth > 0 && strcmp(reader.open[reader.depth - 1], "style") == 0));
            reader.at++;
        }
    }
    assert_int_equal(reader.depth, 0);
    static const char *const outside[] = {"<script", "http:", "https:", "href=", "@import", "url("};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        assert_null(strstr(page, outside[i]));
    return reader.elements;
}

static char *page_of(const struct dataset *dataset) {
    struct profile *profile = NULL;
    struct str out = {0};
    struct error error;
    assert_int_equal(profile_make(dataset, NULL, &profile, NULL, &error), STATUS_OK);
    assert_int_equal(profile_html(dataset, profile, &out, &error), STATUS_OK);
    profile_free(profile);
    return out.text;
}

static char *page_of_text(const char *text) {
    struct error error;
    struct dataset *dataset = load_text(text, NULL, &error);
    assert_non_null(dataset);
    char *page = page_of(dataset);
    dataset_free(dataset);
    return page;
}

static void texts_of_the_data_stay_texts(void **state) {
    (void)state;
    char *page = page_of_text("<script>alert(1)</script>,\"a&b\"\"c'd\",target\n1,</title><b>,x\n2,\"\x01\x7f\",x\n"
                              "2,]]>,y\n,<!--,y\n5,-->,\n");
    check_page(page);
    assert_non_null(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert_non_null(strstr(page, "a&amp;b&quot;c&#39;d"));
    assert_non_null(strstr(page, "&lt;/title&gt;&lt;b&gt;"));
    mem_free(page);
}

static void figures_stand_in_the_page(void **state) {
    (void)state;
    struct str text = {0};
    str_add(&text, "n,word,gap,hole,target\n");
    for (int i = 0; i < 1200; i++)
        str_format(&text, "%d,%s,%s,%s,%s\n", i % 50 * (i % 2 ? 1 : -1), i % 3 ? "red" : "blue", i % 6 ? "1.5" : "",
                   i % 6 ? "7" : "", i % 5 ? "yes" : "no");
    char *page = page_of_text(text.text);
    assert_in_range(check_page(page), 300, 5000);
    static const char *const wanted[] = {"<b>1\u202f200</b>rows",
                                         "lines 2, 8, 14",
                                         "and 176 more",
                                         "Pearson",
                                         "Spearman",
                                         "correlation ratio",
                                         "Missing together",
                                         "Target: target",
                                         "prefers-color-scheme:dark"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strstr(page, wanted[i]) == NULL)
            fail_msg("the page lacks %s", wanted[i]);
    mem_free(page);
    str_free(&text);
}

static void odd_tables_make_whole_pages(void **state) {
    (void)state;
    static const char *const tables[] = {"a\n",
                                         "a\n\n\n",
                                         "a,b\n,\n,\n",
                                         "a,b\ninf,-inf\n1,2\n",
                                         "d\n2020-01-01\n\n2021-05-05\n",
                                         "a\n1\n",
                                         "a,b,target\n1,x,3.5\n2,y,4.5\n2,,1e300\n"};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct error error;
        struct dataset *dataset = load_text(tables[i], NULL, &error);
        if (dataset == NULL)
            continue;
        char *page = page_of(dataset);
        check_page(page);
        mem_free(page);
        dataset_free(dataset);
    }
}

// Two classes of 2×2 pixels in color, two of the second class.
static struct image_set small_set(uint8_t pixels[36], int32_t labels[3], char *names[2]) {
    for (size_t i = 0; i < 36; i++)
        pixels[i] = (uint8_t)(i < 12 ? 7 * i : i < 24 ? 100 + i : 200 - i);
    labels[0] = 0;
    labels[1] = labels[2] = 1;
    names[0] = (char *)(uintptr_t) "a<b";
    names[1] = (char *)(uintptr_t) "second";
    return (struct image_set){.count = 3,
                              .channels = 3,
                              .height = 2,
                              .width = 2,
                              .pixels = pixels,
                              .labels = labels,
                              .classes = 2,
                              .class_names = names,
                              .test_from = 3};
}

static size_t base64(const char *text, uint8_t *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t count = 0;
    uint32_t bits = 0;
    for (size_t i = 0; text[i] != '"'; i++) {
        const char *digit = text[i] == '=' ? digits : strchr(digits, text[i]);
        assert_non_null(digit);
        bits = bits << 6 | (uint32_t)(digit - digits);
        for (int byte = 2; i % 4 == 3 && byte >= 0; byte--)
            out[count++] = (uint8_t)(bits >> 8 * byte);
    }
    return count;
}

// The n-th picture of the page, unpacked: rows of pixels, a 0 before each.
static void unpack(const char *page, size_t n, uint8_t rows[14]) {
    static const char mark[] = "data:image/png;base64,";
    uint8_t png[512];
    for (size_t i = 0; i <= n; i++) {
        page = strstr(page, mark);
        assert_non_null(page);
        page += sizeof mark - 1;
    }
    size_t bytes = base64(page, png);
    static const uint8_t head[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D',
                                   'R',  0,   0,   0,   2,    0,    0,    0,    2, 8, 2, 0,  0,   0};
    assert_memory_equal(png, head, sizeof head);
    size_t packed = (size_t)png[33] << 24 | (size_t)png[34] << 16 | (size_t)png[35] << 8 | png[36];
    assert_in_range(packed, 8, bytes - 57);
    uLong sum = crc32(crc32(0, png + 37, 4), png + 41, (uInt)packed);
    const uint8_t *found = png + 41 + packed;
    assert_int_equal(sum, (uLong)found[0] << 24 | (uLong)found[1] << 16 | (uLong)found[2] << 8 | found[3]);
    uLongf size = 14;
    assert_int_equal(uncompress(rows, &size, png + 41, (uLong)packed), Z_OK);
    assert_int_equal(size, 14);
}

static void pictures_stand_in_the_page(void **state) {
    (void)state;
    uint8_t pixels[36], rows[14];
    int32_t labels[3];
    char *names[2];
    struct image_set images = small_set(pixels, labels, names);
    struct dataset dataset = {.kind = DATASET_IMAGES, .name = (char *)(uintptr_t) "set", .images = &images};
    char *page = page_of(&dataset);
    check_page(page);
    assert_non_null(strstr(page, "a&lt;b"));
    unpack(page, 0, rows); // the mean of the first class: its only picture
    const uint8_t first[14] = {0, 0, 28, 56, 7, 35, 63, 0, 14, 42, 70, 21, 49, 77};
    assert_memory_equal(rows, first, sizeof first);
    unpack(page, 1, rows); // of the second: (100 + 12 + k + 200 − 24 − k) / 2 everywhere
    for (size_t i = 0; i < 14; i++)
        assert_int_equal(rows[i], i % 7 == 0 ? 0 : 144);
    mem_free(page);
}

static void every_failing_allocation_is_reported(void **state) {
    (void)state;
    struct error error;
    struct profile *profile = NULL;
    struct dataset *dataset = load_text("a,b,target\n1,x,u\n2,x,v\n,y,v\n", NULL, &error);
    assert_non_null(dataset);
    assert_int_equal(profile_make(dataset, NULL, &profile, NULL, &error), STATUS_OK);
    for (unsigned long after = 1;; after++) {
        struct str out = {0};
        mem_fail_at(after);
        enum status status = profile_html(dataset, profile, &out, &error);
        mem_fail_at(0);
        str_free(&out);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_MEMORY);
        assert_in_range(after, 1, 1000);
    }
    profile_free(profile);
    dataset_free(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_the_data_stay_texts),         cmocka_unit_test(figures_stand_in_the_page),
        cmocka_unit_test(pictures_stand_in_the_page),           cmocka_unit_test(odd_tables_make_whole_pages),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
