// Training where memory runs out sooner or later: whatever the limit, it is done or one sentence says why it is not.
// The libraries below end a process that has no room for their kernels and threads.
#include <stdio.h>
#include <string.h>

#include "tests/support/child.h"
#include "tests/support/test.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMITED = 0 }; // their shadows alone are larger than any limit
#else
enum { LIMITED = 1 };
#endif

// The last line is "batchlab: …", whole.
static bool ends_in_a_sentence(const char *words) {
    size_t length = strlen(words), begin = length > 0 ? length - 1 : 0;
    while (begin > 0 && words[begin - 1] != '\n')
        begin--;
    return length > 0 && words[length - 1] == '\n' && strncmp(words + begin, "batchlab: ", 10) == 0;
}

// 1: done; 0: refused. The loader's own refusal, before the program has begun, is none of ours.
static int train_within(size_t megabytes, const char *const *argv) {
    struct child child = child_run_with(&(struct child_options){.memory = megabytes << 20}, argv);
    bool loader = child.status == 127 && strstr(child.err, "shared librar");
    if (child.status != 0 && !loader && (child.status != 1 || !ends_in_a_sentence(child.err)))
        fail_msg("%zu MB: exit status %d, \"%s\"", megabytes, child.status, child.err);
    int done = child.status == 0;
    child_free(&child);
    return done;
}

static void check(const char *const *argv) {
    static const size_t megabytes[] = {60, 130, 160, 180, 195, 210, 400};
    enum { LIMITS = sizeof megabytes / sizeof *megabytes };
    int done = 0;
    for (size_t i = LIMITED ? 0 : LIMITS - 1; i < LIMITS; i++)
        done += train_within(megabytes[i], argv);
    assert_true(done > 0);
    assert_true(!LIMITED || done < LIMITS);
}

#define TRAIN(...) ((const char *const[]){"train", __VA_ARGS__, "--epochs", "1", "--threads", "2", NULL})

static void test_products_of_oneDNN(void **state) {
    (void)state;
    check(TRAIN("datasets/samples/digits.csv", "--hidden", "256,256", "--batch", "512"));
}

static void test_kernels_of_oneDNN(void **state) {
    (void)state;
    check(TRAIN("datasets/samples/fashion-mnist", "--model", "lenet5"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products_of_oneDNN),
        cmocka_unit_test(test_kernels_of_oneDNN),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
