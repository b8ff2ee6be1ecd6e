/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator's own check refuses, each with the line of that check: the numbers lie within the limits of every
 * other one (limits.c draws those from the descriptors). And what stands just within: it is taken.
 */
#include "op/samples.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

static const struct {
    const char *type;
    int32_t opset;
    const char *in, *attributes; /* as in samples.c */
    const char *line;            /* NULL: taken */
    int32_t n_out;
} cases[] = {
    { "GatherND", 13, "f4x3x5 i2x3~1", "", NULL, 1 },
    { "GatherND", 13, "f4x3x5 i2x4~1", "", "tuples of 4 indices into 3 dimensions", 1 },
    { "GatherND", 13, "f4x3x5 i2x0", "", "tuples of 0 indices into 3 dimensions", 1 },
    { "GatherND", 13, "f4x3x5 i4x3~1", "batch_dims=1", "tuples of 3 indices into 2 dimensions", 1 },
    { "GatherND", 13, "f4x3x5 i2x2~1", "batch_dims=1", "batch dimension 0 is 4 in data, 2 in indices", 1 },
    { "GatherND", 13, "f4x3x5 i4~1", "batch_dims=1", "data float32[4,3,5], indices int64[4], 1 batch dimensions", 1 },
    { "ScatterND", 18, "f4x3 i2x3~1 f2", "", "tuples of 3 indices into 2 dimensions", 1 },
    { "Einsum", 13, "f3x4 f4x5", "equation=ab,bc->ca", NULL, 1 },
    { "Einsum", 13, "f3x4 f4x5", "equation=ab,bc->aa", "output label 0 of the equation stands twice", 1 },
    { "Einsum", 13, "f3x4 f4x5", "equation=ab,bc->cac", "output label 0 of the equation stands twice", 1 },
    { "Einsum", 13, "f3x4 f4x5", "equation=ab,bc->ad", "output label 1 of the equation is in no operand", 1 },
    { "Scatter", 10, "f4x3 i2x3~1 f2x3", "", NULL, 1 },
    { "Scatter", 10, "f4x3 i2x4~1 f2x4", "", "updates float32[2,4] reach beyond data float32[4,3] on axis 1", 1 },
    { "ScatterElements", 18, "f4x3 i5x2~1 f5x2", "axis=1",
      "updates float32[5,2] reach beyond data float32[4,3] on axis 0", 1 },
    { "Tile", 13, "f2x3 i2=0,1", "", NULL, 1 },
    { "Tile", 13, "f2x3 i2=-1,1", "", "repeats -1 times on axis 0", 1 },
    { "Tile", 13, "f0x3 i2=-1,1", "", "repeats -1 times on axis 0", 1 },
    { "MaxUnpool", 11, "f1x1x2x2 i1x1x2x2=0,1,2,3 i4=1,1,4,5", "kernel_shape=2,2", NULL, 1 },
    { "MaxUnpool", 11, "f1x1x2x2 i1x1x2x2=0,1,2,3 i3=1,1,4", "kernel_shape=2,2", "output_shape has 3 entries", 1 },
    { "MaxUnpool", 11, "f1x1x2x2 i1x1x2x2=0,1,2,3 i4=2,1,4,4", "kernel_shape=2,2", "changes dimension 0", 1 },
    { "MaxUnpool", 11, "f1x1x2x2 i1x1x2x2=0,1,2,3 i4=1,2,4,4", "kernel_shape=2,2", "changes dimension 1", 1 },
    { "MaxUnpool", 11, "f1x1x2x2 i1x1x2x2=0,1,2,3 i4=1,1,4,-4", "kernel_shape=2,2", "dimension 3 is -4", 1 },
    { "CumSum", 14, "f3x5 i1=1", "", NULL, 1 },
    { "CumSum", 14, "f3x5 j=-2", "", NULL, 1 },
    { "CumSum", 14, "f3x5 i2=0,0", "", "axis is int64[2], not one number", 1 },
    { "CumSum", 14, "f3x5 f=1", "", "input 1 is float32", 1 },
    { "CumSum", 14, "f3x5 u=1", "", "input 1 is uint8", 1 },
    { "TopK", 11, "f3x5 i=2", "", NULL, 1 },
    { "TopK", 11, "f3x5 i2=2,2", "", "k is int64[2], not one number", 1 },
    { "TopK", 11, "f3x5 j1=2", "", "input 1 is int32", 1 },
    { "TopK", 11, "f3x5 f1=2", "", "input 1 is float32", 1 },
    { "Resize", 13, "f1x1x3x5 - f4=1,1,2,2", "", NULL, 1 },
    { "Resize", 13, "f1x1x3x5 - i4=1,1,2,2", "", "input 2 is int64", 1 },
    { "Resize", 13, "f1x1x3x5 - h4=1,1,2,2", "", "input 2 is float16", 1 },
    { "Resize", 13, "f1x1x3x5 - - i4=1,1,6,7", "", NULL, 1 },
    { "Resize", 13, "f1x1x3x5 - - f4=1,1,6,7", "", "input 3 is float32", 1 },
    { "Resize", 13, "f1x1x3x5 i8=0,0,0,0,1,1,1,1 f4=1,1,2,2",
      "mode=linear coordinate_transformation_mode=tf_crop_and_resize", "input 1 is int64", 1 },
    { "Resize", 10, "f1x1x3x5 j4=1,1,2,2", "", "input 1 is int32", 1 },
    { "Upsample", 9, "f1x1x3x5 i4=1,1,2,2", "", "input 1 is int64", 1 },
    { "OneHot", 11, "i3~4 f=4 f2", "", NULL, 1 },
    { "OneHot", 11, "i3~1 b=1 f2", "", "input 1 is bool", 1 },
    { "OneHot", 11, "i3~4 i2=4,4 f2", "", "depth is int64[2], not one number", 1 },
    { "Trilu", 14, "f5x7 i1=1", "", NULL, 1 },
    { "Trilu", 14, "f5x7 j=1", "", "input 1 is int32", 1 },
    { "BatchNormalization", 15, "f f1 f1 f1 f1", "", "the input is a scalar, it has no channels", 1 },
    { "BatchNormalization", 7, "f2x3 f3 f3 f3 f3", "spatial=0", NULL, 1 },
    { "BatchNormalization", 7, "f2x3x5 f3 f3 f3 f3", "spatial=0", "spatial = 0 is not supported", 1 },
    { "BatchNormalization", 6, "f2x3x5 f3 f3 f3 f3", "is_test=1", NULL, 1 },
    { "BatchNormalization", 6, "f2x3x5 f3 f3 f3 f3", "", "training mode is not supported", 1 },
    { "BatchNormalization", 13, "f2x3x5 f3 f3 f3 f3", "", "statistics as outputs need training_mode of opset 14", 3 },
    { "BatchNormalization", 14, "f2x3x5 f3 f3 f3 f3", "", "statistics as outputs need training_mode of opset 14", 3 },
    { "BatchNormalization", 14, "f2x3x5 f3 f3 f3 f3", "training_mode=1", NULL, 3 },
    { "GroupNormalization", 21, "f2x0x5 f0 f0", "num_groups=1", NULL, 1 },
    { "GroupNormalization", 21, "f2x0x5 f0 f0", "num_groups=8", "0 channels do not make 8 groups", 1 },
    { "GroupNormalization", 21, "f2x4x5 f4 f4", "num_groups=-2", "4 channels do not make -2 groups", 1 },
    { "NegativeLogLikelihoodLoss", 13, "f3x5 i3=0,4,2 f5", "", NULL, 1 },
    { "NegativeLogLikelihoodLoss", 13, "f5 i=2", "", "the target is int64[], the input float32[5] is [N, C, d...]", 1 },
    { "NegativeLogLikelihoodLoss", 13, "f3x5 i3=0,4,2 h5", "", "the weight is float16[5]", 1 },
    { "Dropout", 13, "f3 f=0 b=1", "", NULL, 1 },
    { "Dropout", 13, "f3 f=0 f=1", "", "input 2 is float32", 1 },
    { "Dropout", 13, "f3 i=0 b=1", "", "input 1 is int64", 1 },
    { "Dropout", 13, "f3 f=0.5 b=1", "", "drops at random", 1 },
};

START_TEST(refused_by_its_check) {
    char reason[160];
    const clade_tensor *out[OP_INPUTS];
    const cld_op *op = cld_op_find("", cases[_i].type, cases[_i].opset, reason, sizeof reason);
    ck_assert_msg(op != NULL, "%s", reason);
    op_node node = sample_read(&rig, op, cases[_i].in, cases[_i].attributes);
    node.opset = cases[_i].opset;
    node.n_out = cases[_i].n_out;
    const clade_status status = op_on_host(&rig, &node, out);
    if (cases[_i].line)
        ck_assert_msg(status != CLADE_OK && strstr(rig.err.message, cases[_i].line), "%s %s: %s", node.type,
                      cases[_i].in, status == CLADE_OK ? "is taken" : rig.err.message);
    else
        ck_assert_msg(status == CLADE_OK, "%s", rig.err.message);
}
END_TEST

Suite *suite_op_refusals(void);
Suite *suite_op_refusals(void) {
    Suite *suite = suite_create("op/refusals");
    TCase *tcase = tcase_create("op/refusals");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, refused_by_its_check, 0, (int)CLD_COUNT(cases));
    suite_add_tcase(suite, tcase);
    return suite;
}
