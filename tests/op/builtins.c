/* SPDX-License-Identifier: Apache-2.0 */
/* What drivers' built-ins give when a vector mixes magnitudes and specials: each element must be right whatever its
 * neighbours are. A probe of every operator of one input on the device at hand, in vectors, in their tails and one by
 * one, against the host's double precision. A driver that fails needs a row in lib/ocl/quirks.c and a way around.
 */
#include <math.h>

#include "ocl/ocl.h"
#include "op/rig.h"

enum { LANES = 16 };

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

/* Ordinary numbers, and in each run of 16 one that is not, at another place each time; ends inside a vector. */
static clade_tensor *mixed(clade_dtype dtype) {
    static const double odd[] = { 1e5,       3e6,  1e7,   1e8,   1e20, 3.4e38, -1e8,     -3e38, INFINITY, -INFINITY,
                                  NAN,       -0.0, 1e-30, 1e-36, 88.9, -103.5, 710,      -745,  65504,    1e-7,
                                  -0.999999, 1,    -1,    0.5,   2,    0x1p23, 0x1.8p31, 1e300, -1e300,   1e-300 };
    static const double usual[] = { 1e-6, 1e-3, 0.5, -0.25, 1.5, -3, 9.75, -20, 0.999, -1e-4, 3.1, 1e2, -7e3 };
    enum { COUNT = CLD_COUNT(odd) * LANES + 5 };
    cld_type type = { dtype, 1, { COUNT } };
    clade_tensor *x = op_tensor(&rig, &type);
    for (int64_t i = 0; i < COUNT; i++) {
        int64_t run = i / LANES % (int64_t)CLD_COUNT(odd);
        bool here = i % LANES == run * 5 % LANES;
        cld_tensor_set(x, i, here ? odd[run] : usual[i % (int64_t)CLD_COUNT(usual)]);
    }
    return x;
}

/* Every operator that takes x alone, and those of two inputs that are not one instruction. */
static void add_all(clade_dtype dtype, const char *row) {
    static const char *const binary[] = { "Mod", "Pow", "PRelu" };
    const cld_attr fmod = OP_INT("fmod", 1);
    cld_text prefer = { 0 };
    int32_t count;
    const cld_op *const *ops = cld_op_all(&count);
    const clade_tensor *x = mixed(dtype), *out[OP_INPUTS];
    for (int32_t i = 0; i < count; i++) {
        op_node node = { .type = ops[i]->name, .opset = 20, .in = { x }, .n_in = 1 };
        if (!ops[i]->pointwise || ops[i]->domain[0] || ops[i]->min_in != 1 || op_on_host(&rig, &node, out) != CLADE_OK)
            continue;
        op_add(&rig, &node);
        cld_text_printf(&prefer, "%s%s=%s", prefer.size ? "," : "", ops[i]->name, row);
    }
    for (size_t k = 0; k < CLD_COUNT(binary); k++) {
        clade_tensor *y = mixed(dtype);
        for (int64_t i = 0, n = clade_tensor_count(y); i < n / 2; i++) { /* the other way round */
            double other = cld_tensor_get(y, n - 1 - i);
            cld_tensor_set(y, n - 1 - i, cld_tensor_get(y, i));
            cld_tensor_set(y, i, other);
        }
        op_add(&rig, &(op_node){ .type = binary[k], .in = { x, y }, .n_in = 2, .attr = &fmod, .n_attr = k == 0 });
        cld_text_printf(&prefer, ",%s=%s", binary[k], row);
    }
    ck_assert_int_gt(rig.graph->n_outputs, 30);
    rig.prefer = prefer.data;
    op_run(&rig);
    cld_text_free(&prefer);
}

static const struct {
    clade_dtype dtype;
    const char *row;
    double rtol, atol; /* sixteen units in the last place; what drivers may flush to zero */
} kinds[] = {
    { CLADE_FLOAT32, "rows", 2e-6, 2e-38 },
    { CLADE_FLOAT32, "elements", 2e-6, 2e-38 },
    { CLADE_FLOAT16, "rows", 2e-3, 1e-7 },
    { CLADE_FLOAT64, "elements", 4e-15, 1e-307 },
};

START_TEST(every_element_is_its_own) {
    rig.rtol = kinds[_i].rtol, rig.atol = kinds[_i].atol;
    add_all(kinds[_i].dtype, kinds[_i].row);
}
END_TEST

/* Bit for bit what the host gives, where the device says that it can: a quantiser divides, and its ties are exact. */
START_TEST(quotients_and_roots_are_rounded) {
    enum { COUNT = 1009 };
    cld_type type = { CLADE_FLOAT32, 1, { COUNT } };
    clade_tensor *x = op_tensor(&rig, &type), *y = op_tensor(&rig, &type);
    for (int64_t i = 0; i < COUNT; i++) {
        cld_tensor_set(x, i, (float)(i * 7919 % COUNT + 1) / 3.0f);
        cld_tensor_set(y, i, (float)(i + 1) / 255.0f);
    }
    cld_ocl *ocl;
    ck_ok(cld_ocl_open(&ocl, "", NULL, &rig.err), rig.err);
    bool rounds = cld_ocl_caps(ocl)->rounds;
    cld_ocl_release(ocl);
    if (!rounds) {
        test_skip("this device does not round quotients");
        return;
    }
    op_add(&rig, &(op_node){ .type = "Div", .in = { x, y }, .n_in = 2 });
    op_add(&rig, &(op_node){ .type = "Reciprocal", .in = { y }, .n_in = 1 });
    op_add(&rig, &(op_node){ .type = "Sqrt", .in = { x }, .n_in = 1 });
    rig.rtol = rig.atol = 0;
    op_run(&rig);
}
END_TEST

Suite *suite_op_builtins(void);
Suite *suite_op_builtins(void) {
    Suite *suite = suite_create("op_builtins");
    TCase *tcase = tcase_create("device");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, every_element_is_its_own, 0, CLD_COUNT(kinds));
    tcase_add_test(tcase, quotients_and_roots_are_rounded);
    suite_add_tcase(suite, tcase);
    return suite;
}
