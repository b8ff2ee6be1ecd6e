/* SPDX-License-Identifier: Apache-2.0 */
/* Step writers: what a record holds afterwards, launch shapes, exhausted memory. */
#include "fault/memory.h"
#include "kern/kern.h"
#include "test.h"

static cld_arena *arena;
static cld_steps steps;

static void begin(void) {
    arena = cld_arena_new();
    steps = (cld_steps){ .arena = arena, .first_scratch = 100, .node = "node", .impl = "row" };
}
static void end(void) { cld_arena_free(arena); }

static const char *define_of(const cld_step *step, const char *name) {
    for (int32_t i = 0; i < step->n_defines; i++)
        if (!strcmp(step->defines[i].name, name))
            return step->defines[i].text;
    return NULL;
}

START_TEST(kernel_step) {
    char name[] = "gemm";
    cld_step *step = cld_step_kernel(&steps, name, "gemm_panels");
    name[0] = 'x'; /* texts are copied */
    cld_step_define(&steps, step, "MR", "%d", 12);
    cld_step_define_dtype(&steps, step, "T", CLADE_FLOAT16);
    cld_step_define_dtype(&steps, step, "T1", CLADE_BOOL);
    cld_step_out(&steps, step, (cld_buf){ 3 }, CLADE_FLOAT16);
    cld_step_in(&steps, step, (cld_buf){ -1 }, CLADE_BOOL);
    cld_step_buf(&steps, step, (cld_buf){ 4 }, CLADE_FLOAT64, CLD_READ_WRITE, 77);
    cld_step_int(&steps, step, -5);
    cld_step_long(&steps, step, INT64_MIN);
    cld_step_float(&steps, step, 0.5f);
    cld_step_double(&steps, step, 0.1);
    cld_step_local(&steps, step, 1024);
    ck_assert(!steps.failed);
    ck_assert_int_eq(steps.n_steps, 1);
    ck_assert_int_eq(step->kind, CLD_STEP_KERNEL);
    ck_assert_str_eq(step->family, "gemm");
    ck_assert_str_eq(step->entry, "gemm_panels");
    ck_assert_str_eq(step->node, "node");
    ck_assert_str_eq(step->impl, "row");
    ck_assert_str_eq(define_of(step, "MR"), "12");
    ck_assert_str_eq(define_of(step, "T"), "float");
    ck_assert_str_eq(define_of(step, "T_STORE"), "half");
    ck_assert_str_eq(define_of(step, "T_RING"), "float");
    ck_assert_str_eq(define_of(step, "T_LOAD"), "CLADE_LOAD_HALF");
    ck_assert_str_eq(define_of(step, "T_SAVE"), "CLADE_SAVE_HALF");
    ck_assert_str_eq(define_of(step, "T1"), "uchar");
    ck_assert_str_eq(define_of(step, "T1_LOAD"), "CLADE_LOAD");
    ck_assert_str_eq(define_of(step, "T1_RING"), "uint");
    ck_assert_int_eq(step->n_defines, 11);
    ck_assert_int_eq(step->n_args, 8);
    const cld_arg *a = step->args;
    ck_assert(a[0].kind == CLD_ARG_BUF && a[0].u.buf.buf.i == 3 && a[0].u.buf.access == CLD_WRITE);
    ck_assert_uint_eq(a[0].u.buf.elem_bytes, 2);
    ck_assert(a[1].u.buf.buf.i == -1 && a[1].u.buf.access == CLD_READ && a[1].u.buf.offset == 0);
    ck_assert(a[2].u.buf.access == CLD_READ_WRITE && a[2].u.buf.offset == 77 && a[2].u.buf.elem_bytes == 8);
    ck_assert(a[3].kind == CLD_ARG_INT && a[3].u.i == -5);
    ck_assert(a[4].kind == CLD_ARG_LONG && a[4].u.i == INT64_MIN);
    ck_assert(a[5].kind == CLD_ARG_FLOAT && a[5].u.f == 0.5);
    ck_assert(a[6].kind == CLD_ARG_DOUBLE && a[6].u.f == 0.1);
    ck_assert(a[7].kind == CLD_ARG_LOCAL && a[7].u.local_bytes == 1024);
}
END_TEST

static const struct {
    size_t global[3], local[3], want[3];
    uint32_t work_dim;
} launches[] = {
    { { 10, 1, 1 }, { 0, 0, 0 }, { 10, 1, 1 }, 1 },  { { 10, 1, 1 }, { 8, 1, 1 }, { 16, 1, 1 }, 1 },
    { { 10, 5, 1 }, { 8, 4, 1 }, { 16, 8, 1 }, 2 },  { { 1, 1, 7 }, { 1, 1, 1 }, { 1, 1, 7 }, 3 },
    { { 16, 1, 3 }, { 16, 0, 0 }, { 16, 1, 3 }, 3 }, { { 0, 1, 1 }, { 8, 1, 1 }, { 0, 1, 1 }, 1 },
    { { 1, 1, 1 }, { 4, 4, 1 }, { 4, 4, 1 }, 2 },
};

START_TEST(launch_shape) {
    cld_step *step = cld_step_kernel(&steps, "f", "e");
    const size_t *g = launches[_i].global, *l = launches[_i].local;
    cld_step_size(step, g[0], g[1], g[2], l[0], l[1], l[2]);
    for (int d = 0; d < 3; d++)
        ck_assert_uint_eq(step->global[d], launches[_i].want[d]);
    ck_assert_uint_eq(step->work_dim, launches[_i].work_dim);
    ck_assert_uint_eq(step->local[0], l[0]);
}
END_TEST

START_TEST(other_steps) {
    cld_gemm_args gemm = { .dtype = CLADE_FLOAT32, .m = 2, .n = 3, .k = 4, .batch = 5, .beta = 1 };
    cld_step *step = cld_step_gemm(&steps, &gemm, (cld_buf){ 0 }, 1, (cld_buf){ 1 }, 2, (cld_buf){ 2 }, 3);
    ck_assert(step->kind == CLD_STEP_GEMM && step->n_args == 3 && step->flops == 240);
    ck_assert(step->args[1].u.buf.offset == 2 && step->args[2].u.buf.access == CLD_READ_WRITE);
    gemm.beta = 0;
    step = cld_step_gemm(&steps, &gemm, (cld_buf){ 0 }, 0, (cld_buf){ 1 }, 0, (cld_buf){ 2 }, 0);
    ck_assert_int_eq(step->args[2].u.buf.access, CLD_WRITE);
    step = cld_step_copy(&steps, (cld_buf){ 1 }, 64, (cld_buf){ 2 }, 128, 4096);
    ck_assert(step->kind == CLD_STEP_COPY && step->u.copy_bytes == 4096);
    ck_assert(step->args[0].u.buf.access == CLD_WRITE && step->args[0].u.buf.offset == 64);
    ck_assert(step->args[1].u.buf.access == CLD_READ && step->args[1].u.buf.offset == 128);
    const float one = 1;
    step = cld_step_fill(&steps, (cld_buf){ 1 }, &one, sizeof one, 400);
    ck_assert(step->kind == CLD_STEP_FILL && step->u.fill.bytes == 400 && step->u.fill.pattern_bytes == 4);
    ck_assert_mem_eq(step->u.fill.pattern, &one, sizeof one);
    cld_convgemm_args conv = { .dtype = CLADE_FLOAT32, .channels = 3 };
    step = cld_step_convgemm(&steps, &conv, (cld_buf){ 1 }, (cld_buf){ 2 }, (cld_buf){ 3 });
    ck_assert(step->kind == CLD_STEP_CONVGEMM && step->u.conv.channels == 3 && step->n_args == 3);
    ck_assert_int_eq(step->args[2].u.buf.access, CLD_WRITE);
    ck_assert_int_eq(steps.n_steps, 5);
}
END_TEST

START_TEST(scratch_buffers) {
    char key[] = "panels";
    ck_assert_int_eq(cld_step_scratch(&steps, 10).i, 100);
    ck_assert_int_eq(cld_step_packed(&steps, 20, (cld_buf){ 7 }, key).i, 101);
    key[0] = 'x';
    ck_assert_int_eq(steps.n_scratch, 2);
    ck_assert(!steps.scratch[0].once && steps.scratch[0].bytes == 10 && steps.scratch[0].source == -1);
    ck_assert(steps.scratch[1].once && steps.scratch[1].source == 7 && steps.scratch[1].bytes == 20);
    ck_assert_str_eq(steps.scratch[1].key, "panels");
    /* made from what was made so: of the same constant, under both names */
    ck_assert_int_eq(cld_step_packed(&steps, 30, (cld_buf){ 101 }, "more").i, 102);
    ck_assert(steps.scratch[2].once && steps.scratch[2].source == 7);
    ck_assert_str_eq(steps.scratch[2].key, "panels > more");
}
END_TEST

/* Without a byte of new memory the writers end up on the spare step, and the planner sees `failed`. */
START_TEST(exhausted_memory) {
    memory_fail(1, true);
    cld_step *step = NULL;
    for (int i = 0; i < 1000000 && !steps.failed; i++)
        step = cld_step_kernel(&steps, "family", "entry");
    for (int i = 0; i < 1000; i++) { /* what is left of the last block is used up, too */
        step = cld_step_kernel(&steps, "family", "entry");
        cld_step_define_dtype(&steps, step, "T", CLADE_FLOAT32);
        cld_step_int(&steps, step, 1);
    }
    cld_step_size(step, 1, 1, 1, 0, 0, 0);
    for (int i = 0; i < 100000 && cld_step_scratch(&steps, 1).i >= 0; i++)
        continue;
    cld_buf buf = cld_step_packed(&steps, 1, (cld_buf){ 0 }, "key");
    ck_assert(memory_clear());
    ck_assert(steps.failed);
    ck_assert_ptr_eq(step, &steps.spare);
    ck_assert_str_eq(step->family, "");
    ck_assert_int_lt(buf.i, 0);
}
END_TEST

START_TEST(type_names) {
    static const clade_dtype all[] = {
#define X(name, value, bytes) CLADE_##name,
        CLADE_DTYPE_LIST(X)
#undef X
    };
    for (size_t i = 0; i < CLD_COUNT(all); i++)
        ck_assert(cld_kern_type(all[i]) && cld_kern_storage(all[i]));
    ck_assert_str_eq(cld_kern_type(CLADE_UINT64), "ulong");
    ck_assert_str_eq(cld_kern_storage(CLADE_FLOAT16), "half");
}
END_TEST

Suite *suite_kern_step(void);
Suite *suite_kern_step(void) {
    Suite *suite = suite_create("kern/step");
    TCase *tcase = tcase_create("step");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, kernel_step);
    tcase_add_loop_test(tcase, launch_shape, 0, CLD_COUNT(launches));
    tcase_add_test(tcase, other_steps);
    tcase_add_test(tcase, scratch_buffers);
    tcase_add_test(tcase, exhausted_memory);
    tcase_add_test(tcase, type_names);
    suite_add_tcase(suite, tcase);
    return suite;
}
