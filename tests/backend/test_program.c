// program_check refuses what no backend could run; sizes, flops and shapes as arithmetic says.
#include "tests/support/test.h"

#include <string.h>

#include "core/backend/program.h"
#include "core/base/mem.h"

static struct shape shape(int64_t a, int64_t b, int64_t c, int64_t d) {
    return (struct shape){.rank = d ? 4 : c ? 3 : b ? 2 : 1, .size = {a, b, c, d}};
}

static void test_shapes(void **state) {
    (void)state;
    char text[64];
    struct shape image = shape_batch(64, shape_make(3, (int64_t[]){3, 32, 30}));
    assert_string_equal(shape_text(image, text), "64×3×32×30");
    assert_int_equal(shape_count(image), 64 * 3 * 32 * 30);
    assert_int_equal(shape_count(shape(INT64_MAX / 2, 3, 0, 0)), -1);
    assert_int_equal(shape_count(shape(-1, 3, 0, 0)), -1);
    assert_true(shape_equal(image, image));
    assert_false(shape_equal(shape(2, 3, 0, 0), shape(2, 3, 1, 0)));
    const size_t sizes[DTYPE_COUNT] = {4, 8, 2, 2, 1, 4};
    for (int i = 0; i < DTYPE_COUNT; i++) {
        assert_int_equal(dtype_size((enum dtype)i), sizes[i]);
    }
    shape_text(shape(INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX), text);
    assert_true(strlen(text) < sizeof text);
}

// ---- refusals: a sound program, then one thing wrong with it ------------------------------------

struct fixture {
    struct program program;
    value_id x, w, b, y, labels, dlogits, where;
    struct op *dense, *loss; // valid until something is appended
};

static void build(struct fixture *f) {
    *f = (struct fixture){0};
    struct program *p = &f->program;
    f->x = program_value(p, SLOT_WEIGHTS, 0, DTYPE_F32, shape(4, 5, 0, 0));
    f->w = program_value(p, SLOT_WEIGHTS, 20, DTYPE_F32, shape(3, 5, 0, 0));
    f->b = program_value(p, SLOT_WEIGHTS, 35, DTYPE_F32, shape(3, 0, 0, 0));
    f->labels = program_value(p, SLOT_LABELS, 0, DTYPE_I32, shape(4, 0, 0, 0));
    f->y = program_temporary(p, DTYPE_F32, shape(4, 3, 0, 0));
    f->dlogits = program_temporary(p, DTYPE_F32, shape(4, 3, 0, 0));
    program_op(p, OP_DENSE);
    program_op(p, OP_SOFTMAX_CROSS_ENTROPY);
    f->dense = &p->ops[0];
    f->loss = &p->ops[1];
    f->dense->in[0] = f->x;
    f->dense->in[1] = f->w;
    f->dense->in[2] = f->b;
    f->dense->out[0] = f->y;
    f->loss->in[0] = f->y;
    f->loss->in[1] = f->labels;
    f->loss->out[0] = f->dlogits;
}

static void sound(struct fixture *f) {
    (void)f;
}
static void wrong_weights(struct fixture *f) {
    f->program.values[f->w].shape.size[1] = 6;
}
static void wrong_bias(struct fixture *f) {
    f->program.values[f->b].shape.size[0] = 4;
}
static void wrong_rank(struct fixture *f) {
    f->program.values[f->x].shape = shape(4, 5, 1, 0);
}
static void no_input(struct fixture *f) {
    f->dense->in[0] = VALUE_NONE;
}
static void unknown_value(struct fixture *f) {
    f->dense->in[1] = 99;
}
static void negative_value(struct fixture *f) {
    f->dense->in[1] = -7;
}
static void too_many_inputs(struct fixture *f) {
    f->loss->in[2] = f->x;
}
static void too_many_outputs(struct fixture *f) {
    f->dense->out[1] = f->dlogits;
}
static void unwritten(struct fixture *f) {
    f->loss->in[0] = f->dlogits;
    f->loss->out[0] = f->y;
}
static void real_labels(struct fixture *f) {
    f->program.values[f->labels].dtype = DTYPE_F32;
}
static void mixed_types(struct fixture *f) {
    f->program.values[f->w].dtype = DTYPE_F64;
}
static void mixed_output(struct fixture *f) {
    f->program.values[f->y].dtype = DTYPE_F64;
}
static void pixels(struct fixture *f) {
    f->program.values[f->x].dtype = DTYPE_U8;
}
static void writes_labels(struct fixture *f) {
    f->program.values[f->y].slot = SLOT_FEATURES;
}
static void in_place(struct fixture *f) {
    f->loss->out[0] = f->y;
}
static void twice_out(struct fixture *f) {
    f->loss->out[1] = f->dlogits;
}
static void fewer_labels(struct fixture *f) {
    f->program.values[f->labels].shape.size[0] = 3;
}
static void unknown_op(struct fixture *f) {
    f->dense->kind = OP_COUNT;
}
static void huge(struct fixture *f) {
    f->program.values[f->x].shape.size[0] = INT64_MAX / 2;
}
static void far(struct fixture *f) {
    f->program.values[f->x].offset = SIZE_MAX - 3;
}
static void empty_shape(struct fixture *f) {
    f->program.values[f->x].shape.size[0] = 0;
}
static void unknown_type(struct fixture *f) {
    f->program.values[f->x].dtype = DTYPE_COUNT;
}
static void out_of_memory(struct fixture *f) {
    f->program.failed = true;
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        void (*damage)(struct fixture *f);
        enum status status;
        const char *says;
    } cases[] = {
        {sound, STATUS_OK, ""},
        {wrong_weights, STATUS_INVALID, "operation 0 (dense): w is 3×6 where 3×5 is needed"},
        {wrong_bias, STATUS_INVALID, "operation 0 (dense): the bias is 4 where 3 is needed"},
        {wrong_rank, STATUS_INVALID, "operation 0 (dense)"},
        {no_input, STATUS_INVALID, "operation 0 (dense)"},
        {unknown_value, STATUS_INVALID, "value 99"},
        {negative_value, STATUS_INVALID, "value -7"},
        {too_many_inputs, STATUS_INVALID, "operation 1 (softmax_cross_entropy)"},
        {too_many_outputs, STATUS_INVALID, "operation 0 (dense)"},
        {unwritten, STATUS_INVALID, "before anything has written it"},
        {real_labels, STATUS_INVALID, "f32"},
        {mixed_types, STATUS_INVALID, "mixed"},
        {mixed_output, STATUS_INVALID, "mixed"},
        {pixels, STATUS_INVALID, "u8"},
        {writes_labels, STATUS_INVALID, "only read"},
        {in_place, STATUS_INVALID, "overwrites"},
        {twice_out, STATUS_INVALID, "output 1 is output 0 too"},
        {fewer_labels, STATUS_INVALID, "labels"},
        {unknown_op, STATUS_INVALID, "no operation"},
        {huge, STATUS_INVALID, "value 0"},
        {far, STATUS_INVALID, "value 0"},
        {empty_shape, STATUS_INVALID, "value 0"},
        {unknown_type, STATUS_INVALID, "value 0"},
        {out_of_memory, STATUS_MEMORY, "memory"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        struct error error = {0};
        build(&f);
        cases[i].damage(&f);
        assert_int_equal(program_check(&f.program, &error), cases[i].status);
        if (strstr(error.text, cases[i].says) == NULL) {
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, error.text, cases[i].says);
        }
        program_free(&f.program);
    }
}

// One image operation with these attributes: is it taken?
static enum status check_convolution(int64_t filters, int stride, int padding, int groups, int64_t out) {
    struct program p = {0};
    struct error error = {0};
    value_id x = program_value(&p, SLOT_WEIGHTS, 0, DTYPE_F32, shape(2, 4, 9, 9));
    value_id w = program_value(&p, SLOT_WEIGHTS, 0, DTYPE_F32, shape(filters, 2, 3, 3));
    value_id y = program_temporary(&p, DTYPE_F32, shape(2, filters, out, out));
    struct op *op = program_op(&p, OP_CONVOLUTION);
    op->in[0] = x;
    op->in[1] = w;
    op->out[0] = y;
    op->attr.convolution.stride[0] = op->attr.convolution.stride[1] = stride;
    op->attr.convolution.padding[0] = op->attr.convolution.padding[1] = padding;
    op->attr.convolution.groups = groups;
    enum status status = program_check(&p, &error);
    program_free(&p);
    return status;
}

static void test_windows(void **state) {
    (void)state;
    assert_int_equal(check_convolution(6, 1, 0, 2, 7), STATUS_OK);
    assert_int_equal(check_convolution(6, 2, 1, 2, 5), STATUS_OK);
    assert_int_equal(check_convolution(6, 2, 1, 2, 4), STATUS_INVALID);
    assert_int_equal(check_convolution(6, 0, 0, 2, 7), STATUS_INVALID);
    assert_int_equal(check_convolution(6, 1, -1, 2, 5), STATUS_INVALID);
    assert_int_equal(check_convolution(6, 1, 0, 0, 7), STATUS_INVALID);
    assert_int_equal(check_convolution(6, 1, 0, 3, 7), STATUS_INVALID);
    assert_int_equal(check_convolution(6, 1, 0, 1, 7), STATUS_INVALID);
}

// A dense layer of B rows, I inputs, O outputs: 2·B·I·O, and one addition a result for the bias.
static void test_flops(void **state) {
    (void)state;
    struct fixture f;
    build(&f);
    assert_true(op_flops(&f.program, &f.program.ops[0]) == 2 * 4 * 5 * 3 + 4 * 3);
    assert_true(program_flops(&f.program) ==
                op_flops(&f.program, &f.program.ops[0]) + op_flops(&f.program, &f.program.ops[1]));
    program_free(&f.program);
}

// The first two allocations grow the arrays, the third is the check's own.
static void test_memory(void **state) {
    (void)state;
    for (unsigned long after = 1; after < 4; after++) {
        struct error error = {0};
        struct program p = {0};
        mem_fail_at(after);
        value_id id = program_value(&p, SLOT_WEIGHTS, 0, DTYPE_F32, shape(4, 0, 0, 0));
        struct op *op = program_op(&p, OP_ADD);
        assert_non_null(op);
        op->in[0] = op->in[1] = op->out[0] = id;
        enum status status = program_check(&p, &error);
        mem_fail_at(0);
        assert_int_equal(status, STATUS_MEMORY);
        program_free(&p);
        assert_int_equal(p.op_count, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes), cmocka_unit_test(test_refusals), cmocka_unit_test(test_windows),
        cmocka_unit_test(test_flops),  cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
