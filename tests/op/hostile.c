/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes and inputs no exporter would write: whatever the numbers, a node is refused with a line or gives a tensor
 * of the type it announced. Overflows and accesses out of bounds show in the sanitizer build. */
#include "op/rig.h"

enum { TRIALS = 1000, MOST = 20000 /* until a node was taken */ };

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

/* What a node takes: attributes that are numbers, lists or names; and how many inputs. */
typedef struct kind {
    const char *type;
    int32_t least_in, most_in, most_out;
    const char *number[3], *list[3], *name, *names[3];
} kind;

static const kind kinds[] = {
    { "Reshape", 2, 2, 1, { "allowzero" }, { 0 }, NULL, { 0 } },
    { "Squeeze", 1, 2, 1, { 0 }, { "axes" }, NULL, { 0 } },
    { "Unsqueeze", 1, 2, 1, { 0 }, { "axes" }, NULL, { 0 } },
    { "Flatten", 1, 1, 1, { "axis" }, { 0 }, NULL, { 0 } },
    { "Transpose", 1, 1, 1, { 0 }, { "perm" }, NULL, { 0 } },
    { "Concat", 1, 3, 1, { "axis" }, { 0 }, NULL, { 0 } },
    { "Split", 1, 2, 3, { "axis", "num_outputs" }, { "split" }, NULL, { 0 } },
    { "Slice", 1, 5, 1, { 0 }, { "starts", "ends", "axes" }, NULL, { 0 } },
    { "Pad", 1, 4, 1, { 0 }, { "pads" }, "mode", { "edge", "reflect", "wrap" } },
    { "Tile", 2, 2, 1, { 0 }, { 0 }, NULL, { 0 } },
    { "Expand", 2, 2, 1, { 0 }, { 0 }, NULL, { 0 } },
    { "DepthToSpace", 1, 1, 1, { "blocksize" }, { 0 }, "mode", { "DCR", "CRD", "XYZ" } },
    { "SpaceToDepth", 1, 1, 1, { "blocksize" }, { 0 }, NULL, { 0 } },
    { "Gather", 2, 2, 1, { "axis" }, { 0 }, NULL, { 0 } },
    { "GatherElements", 2, 2, 1, { "axis" }, { 0 }, NULL, { 0 } },
    { "GatherND", 2, 2, 1, { "batch_dims" }, { 0 }, NULL, { 0 } },
    { "ScatterElements", 3, 3, 1, { "axis" }, { 0 }, "reduction", { "add", "max", "none" } },
    { "ScatterND", 3, 3, 1, { 0 }, { 0 }, "reduction", { "mul", "min", "none" } },
    { "OneHot", 3, 3, 1, { "axis" }, { 0 }, NULL, { 0 } },
    { "TopK", 1, 2, 2, { "axis", "largest", "k" }, { 0 }, NULL, { 0 } },
    { "CumSum", 2, 2, 1, { "exclusive", "reverse" }, { 0 }, NULL, { 0 } },
    { "ReverseSequence", 2, 2, 1, { "time_axis", "batch_axis" }, { 0 }, NULL, { 0 } },
    { "Trilu", 1, 2, 1, { "upper" }, { 0 }, NULL, { 0 } },
    { "Compress", 2, 2, 1, { "axis" }, { 0 }, NULL, { 0 } },
    { "Unique", 1, 1, 4, { "axis", "sorted" }, { 0 }, NULL, { 0 } },
    { "Range", 3, 3, 1, { 0 }, { 0 }, NULL, { 0 } },
    { "ConstantOfShape", 1, 1, 1, { 0 }, { 0 }, NULL, { 0 } },
    { "EyeLike", 1, 1, 1, { "k", "dtype" }, { 0 }, NULL, { 0 } },
    { "HannWindow", 1, 1, 1, { "periodic", "output_datatype" }, { 0 }, NULL, { 0 } },
    { "Resize", 1, 4, 1, { "exclude_outside" }, { "axes" }, "mode", { "linear", "cubic", "nearest" } },
    { "MaxUnpool", 2, 3, 1, { 0 }, { "kernel_shape", "strides", "pads" }, NULL, { 0 } },
    { "Dropout", 1, 3, 2, { 0 }, { 0 }, NULL, { 0 } },
    { "Softmax", 1, 1, 1, { "axis" }, { 0 }, NULL, { 0 } },
    { "Hardmax", 1, 1, 1, { "axis" }, { 0 }, NULL, { 0 } },
    { "LRN", 1, 1, 1, { "size" }, { 0 }, NULL, { 0 } },
    { "LpNormalization", 1, 1, 1, { "axis", "p" }, { 0 }, NULL, { 0 } },
    { "ReduceSum", 1, 2, 1, { "keepdims", "noop_with_empty_axes" }, { 0 }, NULL, { 0 } },
    { "ArgMax", 1, 1, 1, { "axis", "keepdims" }, { 0 }, NULL, { 0 } },
    { "BitShift", 2, 2, 1, { 0 }, { 0 }, "direction", { "LEFT", "RIGHT", "UP" } },
    { "Mod", 2, 2, 1, { "fmod" }, { 0 }, NULL, { 0 } },
};

static int64_t number(void) {
    static const int64_t odd[] = { INT64_MIN, INT64_MIN + 1, -4096, INT64_MAX, INT64_C(1) << 62, INT64_C(1) << 31, 9 };
    return op_below(&rig, 6) ? op_between(&rig, -2, 4) : odd[op_below(&rig, (int64_t)CLD_COUNT(odd))];
}

static const int64_t *numbers(int32_t *count) {
    *count = (int32_t)op_below(&rig, 5);
    clade_tensor *list = op_ints(&rig, (const int64_t[5]){ 0 }, CLD_MAX(*count, 1));
    for (int32_t k = 0; k < *count; k++)
        cld_tensor_set_int(list, k, number());
    return list->data;
}

/* Input k: the first is data, later ones mostly hold indices and sizes, or are data like the first. */
static clade_tensor *input(int32_t k, const clade_tensor *first, bool same_shape) {
    bool whole = k > 0 && op_below(&rig, 3);
    cld_type type = { whole ? CLADE_INT64 : op_dtype(&rig, CLD_ALL_DTYPES),
                      (int32_t)op_below(&rig, whole ? 3 : 5),
                      { 0 } };
    for (int32_t d = 0; d < type.rank; d++)
        type.dims[d] = op_below(&rig, 4);
    if (k > 0 && same_shape) {
        clade_dtype dtype = whole ? CLADE_INT64 : first->dtype;
        type = cld_tensor_type(first);
        type.dtype = dtype;
    }
    clade_tensor *tensor = op_tensor(&rig, &type);
    bool good = op_below(&rig, 2); /* most likely in range, where they are indices */
    for (int64_t i = 0; whole && i < clade_tensor_count(tensor); i++)
        cld_tensor_set_int(tensor, i, good ? op_below(&rig, 2) : number());
    return tensor;
}

/* One trial; true when the node was taken. */
static bool attempt(const kind *one) {
    cld_attr attr[8];
    op_node node = { .type = one->type, .opset = 18, .attr = attr };
    const clade_tensor *out[OP_INPUTS];
    bool same_shape = op_below(&rig, 2);
    for (size_t k = 0; k < CLD_COUNT(one->number); k++)
        if (one->number[k] && op_below(&rig, 3))
            attr[node.n_attr++] = OP_INT(one->number[k], number());
    for (size_t k = 0; k < CLD_COUNT(one->list); k++)
        if (one->list[k] && op_below(&rig, 3)) {
            int32_t count;
            const int64_t *list = numbers(&count);
            attr[node.n_attr++] = OP_INTS(one->list[k], count, list);
        }
    if (one->name && op_below(&rig, 3))
        attr[node.n_attr++] = OP_TEXT(one->name, one->names[op_below(&rig, 3)]);
    node.n_in = (int32_t)op_between(&rig, one->least_in, one->most_in);
    node.n_out = (int32_t)op_between(&rig, 1, one->most_out);
    for (int32_t k = 0; k < node.n_in; k++)
        node.in[k] = k > 0 && op_below(&rig, 8) == 0 ? NULL : input(k, node.in[0], same_shape);
    rig.err = (clade_error){ 0 };
    clade_status status = op_on_host(&rig, &node, out);
    ck_assert_msg(status == CLADE_OK || rig.err.message[0], "%s: refused without a line", one->type);
    ck_assert_msg(status != CLADE_ERR_INTERNAL || strstr(rig.err.message, "was not inferred"), "%s", rig.err.message);
    for (int32_t k = 0; k < node.n_out && status == CLADE_OK; k++) {
        if (!out[k]) /* too large for the host */
            continue;
        cld_type type = cld_tensor_type(out[k]);
        ck_assert(cld_type_static(&type));
        ck_assert_uint_eq(out[k]->size_bytes, cld_type_bytes(&type));
    }
    return status == CLADE_OK;
}

START_TEST(odd_numbers) {
    int taken = 0, tried = 0;
    for (; tried < TRIALS || (taken == 0 && tried < MOST); tried++)
        taken += attempt(&kinds[_i]);
    ck_assert_msg(taken > 0 && taken < tried, "%s was taken %d times of %d", kinds[_i].type, taken, tried);
}
END_TEST

/* What random numbers do not find: a small file must not ask for work without end, nor read what is not there. */
static const int64_t huge[] = { 1 << 28, 1 << 28 }, half[] = { 1 << 27, 1 << 27, 1 << 27, 1 << 27 };
static const cld_attr window_attr[] = { OP_INTS("kernel_shape", 2, huge), OP_INTS("pads", 4, half) };
static const cld_attr samples_attr[] = { OP_INT("sampling_ratio", 32767) };
static const cld_attr wide_attr[] = { OP_INT("output_dtype", CLADE_INT32) };
static const cld_type image = { CLADE_FLOAT32, 4, { 1, 1, 2, 2 } }, regions = { CLADE_FLOAT32, 2, { 1, 4 } },
                      places = { CLADE_INT64, 1, { 1 } }, nothing = { CLADE_BOOL, 1, { 0 } },
                      no_channels = { CLADE_FLOAT32, 4, { 1, 0, 2, 2 } },
                      no_weights = { CLADE_FLOAT32, 4, { 0, 1, 1 << 20, 1 << 20 } },
                      one_scale = { CLADE_FLOAT32, 0, { 0 } }, ratio = { CLADE_FLOAT32, 1, { 0 } };

static const struct {
    const char *type;
    const cld_attr *attr;
    int32_t n_attr, n_in;
    const cld_type *in[3];
    const char *line;
} traps[] = {
    { "MaxPool", window_attr, 2, 1, { &image }, "windows of" },
    { "LpPool", window_attr, 2, 1, { &image }, "windows of" },
    { "RoiAlign", samples_attr, 1, 3, { &image, &regions, &places }, "sampling_ratio 32767" },
    { "ConvTranspose", NULL, 0, 2, { &no_channels, &no_weights }, "no input channels" },
    { "Dropout", NULL, 0, 3, { &image, &ratio, &nothing }, "not one number" },
    { "QuantizeLinear", wide_attr, 1, 2, { &image, &one_scale }, "output_dtype" },
    { "Transpose", NULL, 0, 1, { NULL }, "input 0 is not optional" },
    { "MatMul", NULL, 0, 2, { &image, NULL }, "input 1 is not optional" },
};

START_TEST(traps_are_refused) {
    op_node node = { .type = traps[_i].type,
                     .opset = 21,
                     .attr = traps[_i].attr,
                     .n_attr = traps[_i].n_attr,
                     .n_in = traps[_i].n_in,
                     .n_out = 1 };
    const clade_tensor *out[OP_INPUTS];
    for (int32_t k = 0; k < node.n_in; k++)
        node.in[k] = traps[_i].in[k] ? op_tensor(&rig, traps[_i].in[k]) : NULL;
    ck_assert_int_ne(op_on_host(&rig, &node, out), CLADE_OK);
    ck_assert_msg(strstr(rig.err.message, traps[_i].line), "%s", rig.err.message);
}
END_TEST

/* No element, but lines without number along the other axes: there is nothing to do. */
START_TEST(empty_and_wide) {
    const cld_type none = { CLADE_FLOAT32, 2, { 0, INT64_C(1) << 40 } },
                   where = { CLADE_INT64, 2, { 0, INT64_C(1) << 40 } };
    op_node node = { .type = "ScatterElements", .opset = 18, .n_in = 3, .n_out = 1 };
    const clade_tensor *out[OP_INPUTS];
    node.in[0] = op_tensor(&rig, &none);
    node.in[1] = op_tensor(&rig, &where);
    node.in[2] = op_tensor(&rig, &none);
    ck_ok(op_on_host(&rig, &node, out), rig.err);
    ck_assert_int_eq(clade_tensor_count(out[0]), 0);
}
END_TEST

Suite *suite_op_hostile(void);
Suite *suite_op_hostile(void) {
    Suite *suite = suite_create("op/hostile");
    TCase *tcase = tcase_create("op/hostile");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, odd_numbers, 0, (int)CLD_COUNT(kinds));
    tcase_add_loop_test(tcase, traps_are_refused, 0, (int)CLD_COUNT(traps));
    tcase_add_test(tcase, empty_and_wide);
    suite_add_tcase(suite, tcase);
    return suite;
}
