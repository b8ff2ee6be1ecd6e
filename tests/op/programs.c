/* SPDX-License-Identifier: Apache-2.0 */
/* What GPUs are given to compile for each row of each operator's sample: planned without a device, FAMILY.cl for
 * each path through the rows, for each usual tile and each tile of filtering, with registers full of recurrent weights,
 * and for attention, in scratch/programs/GROUP-.... tests/vendors/compilers.sh compiles them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "exec/exec.h"
#include "op/matrix/attention.h"
#include "op/reached.h"
#include "op/samples.h"

static const struct {
    const char *name, *as;
} machines[] = { { "256", "gpu,group=256,local=32768" }, { "64", "gpu,group=64,local=16384,fp64=0" } };
enum { MACHINES = sizeof machines / sizeof *machines };

static op_rig rig;

static void setup(void) {
    op_begin(&rig);
    rig.learn = true;
    rig.graph->max_folded_bytes = 1; /* what could be folded is planned */
}
static void teardown(void) { op_end(&rig); }

/* The folder is made with the first file. */
static void write_family(const char *name, const char *family, const char *text) {
    char path[PATH_MAX];
    size_t used = (size_t)snprintf(path, sizeof path, "%s", test_scratch("programs"));
    ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
    used += (size_t)snprintf(path + used, sizeof path - used, "/%s", name);
    ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
    snprintf(path + used, sizeof path - used, "/%s.cl", family);
    FILE *file = fopen(path, "w");
    ck_assert_msg(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s cannot be written", path);
}

/* Each entry that is launched is defined in its family's text. */
static void check_entries(const cld_steps *steps, const char *family, const char *text) {
    for (int32_t s = 0; s < steps->n_steps; s++) {
        char entry[80];
        if (steps->steps[s].kind != CLD_STEP_KERNEL || strcmp(steps->steps[s].family, family) != 0)
            continue;
        snprintf(entry, sizeof entry, "KERNEL(%s)", steps->steps[s].entry);
        ck_assert_msg(strstr(text, entry) != NULL, "%s.cl has no %s", family, entry);
    }
}

static void write_programs(const char *name, cld_ocl *ocl, const cld_steps *steps) {
    cld_batch *batch;
    const char *family;
    char *text;
    int32_t handle;
    ck_ok(cld_batch_new(&batch, ocl, &rig.err), rig.err);
    for (int32_t s = 0; s < steps->n_steps; s++)
        if (steps->steps[s].kind == CLD_STEP_KERNEL)
            ck_ok(cld_batch_add(batch, &steps->steps[s], &handle, &rig.err), rig.err);
    for (int32_t k = 0;; k++) {
        ck_ok(cld_batch_text(&text, &family, batch, k, &rig.err), rig.err);
        if (!text)
            break;
        check_entries(steps, family, text);
        write_family(name, family, text);
        cld_free(text);
    }
    cld_batch_free(batch);
}

/* What the rig holds, planned for a machine: its programs, and how many nodes took what is preferred. */
static int32_t plan_and_write(int machine, const char *kind, int number, const char *prefer) {
    const cld_plan_options options = { .prefer_impl = prefer };
    char name[32];
    cld_ocl *ocl;
    cld_plan *plan;
    snprintf(name, sizeof name, "%s-%s%d", machines[machine].name, kind, number);
    ck_ok(cld_ocl_open_none(&ocl, &rig.err), rig.err);
    ck_ok(cld_ocl_plan_as(ocl, machines[machine].as, &rig.err), rig.err);
    ck_ok(cld_plan_new(&plan, rig.graph, cld_ocl_caps(ocl), &options, &rig.err), rig.err);
    write_programs(name, ocl, &plan->steps);
    const int32_t took = reached_note(plan, false, prefer);
    cld_plan_free(plan);
    cld_ocl_release(ocl);
    return took;
}

/* Path number _i / MACHINES of every operator that has so many. */
START_TEST(each_row) {
    int32_t count, added = 0;
    const cld_op *const *ops = cld_op_all(&count);
    cld_text prefer = { 0 };
    for (int32_t k = 0; k < count; k++) {
        sample_path path;
        if (!sample_path_at(ops[k], _i / MACHINES, &path))
            continue;
        sample_add_path(&rig, ops[k], &path, &prefer);
        added++;
    }
    if (added)
        plan_and_write(_i % MACHINES, "row", _i / MACHINES, prefer.data);
    cld_text_free(&prefer);
}
END_TEST

/* Those that lib/op/matrix/tiles.c tries where nobody says otherwise. */
static const char *const tiles[] = {
    "tm 64, tn 64, mi 4, ni 4", "tm 128, tn 64, mi 8, ni 4", "tm 64, tn 128, mi 4, ni 8", "tm 64, tn 64, mi 8, ni 4",
    "tm 64, tn 32, mi 4, ni 4", "tm 32, tn 64, mi 4, ni 4",  "tm 32, tn 32, mi 4, ni 4",
};
enum { TILES = sizeof tiles / sizeof *tiles };

static const clade_tensor *zeros(int32_t rank, const int64_t *dims) {
    cld_type type = { .dtype = CLADE_FLOAT32, .rank = rank };
    memcpy(type.dims, dims, (size_t)rank * sizeof *dims);
    return op_tensor(&rig, &type);
}

/* A product and a convolution, k whole and in parts; 64 work-items are too few for some. */
START_TEST(each_tile) {
    const int machine = _i % MACHINES, tile = _i / MACHINES % TILES, parts = 1 + _i / MACHINES / TILES;
    const clade_tensor *want[OP_INPUTS] = { NULL };
    char prefer[160];
    snprintf(prefer, sizeof prefer, "MatMul=tiles(%s, kb 16, ks %d),Conv=tiles(%s, kb 16, ks %d)", tiles[tile], parts,
             tiles[tile], parts);
    const op_node product = { .type = "MatMul",
                              .in = { zeros(2, (int64_t[]){ 130, 70 }), zeros(2, (int64_t[]){ 70, 131 }) },
                              .n_in = 2 };
    const op_node conv = { .type = "Conv",
                           .in = { zeros(4, (int64_t[]){ 1, 8, 14, 15 }), zeros(4, (int64_t[]){ 130, 8, 3, 3 }) },
                           .n_in = 2 };
    op_add_want(&rig, &product, want);
    op_add_want(&rig, &conv, want);
    const int32_t took = plan_and_write(machine, "tile", tile * 2 + parts, prefer);
    ck_assert_int_eq(machine == 0 ? took : 2, 2);
}
END_TEST

/* As many weights as a work-item may hold. */
START_TEST(resident_weights) {
    static const struct {
        const char *type, *prefer;
        int64_t gates;
    } cells[] = { { "LSTM", "LSTM=resident(slices 4)", 4 }, { "RNN", "RNN=resident(slices 1)", 1 } };
    enum { HIDDEN = 64, IN = 5 };
    const clade_tensor *want[OP_INPUTS] = { NULL };
    const int64_t rows = cells[_i].gates * HIDDEN;
    op_node node = { .type = cells[_i].type,
                     .in = { zeros(3, (int64_t[]){ 3, 1, IN }), zeros(3, (int64_t[]){ 1, rows, IN }),
                             zeros(3, (int64_t[]){ 1, rows, HIDDEN }) },
                     .n_in = 3 };
    op_attr(&rig, &node, OP_INT("hidden_size", HIDDEN));
    op_add_want(&rig, &node, want);
    ck_assert_int_eq(plan_and_write(0, "cell", _i, cells[_i].prefer), 1);
}
END_TEST

/* As many columns as there may be, and as usual; with a mask. */
START_TEST(attention) {
    static const struct {
        const char *prefer;
        int64_t columns;
    } cases[] = { { "Attention=online(group 128, queries 4, keys 32)", 64 },
                  { "Attention=online(group 128, queries 1, keys 16)", 128 },
                  { "Attention=online(group 64, queries 4, keys 32)", 32 } };
    static const int64_t axes[] = { 0, 1, 2, 3, 0, 1, 3, 2, 0, 1, 2, 3, 0, 2, 1, 3 };
    const cld_attr attr = { .name = CLD_ATTENTION_AXES, .kind = CLD_ATTR_INTS, .count = 16, .u.ints = axes };
    const int64_t c = cases[_i].columns;
    const cld_type types[] = { { CLADE_FLOAT32, 4, { 1, 2, 70, c } },
                               { CLADE_FLOAT32, 4, { 1, 2, c, 70 } },
                               { CLADE_FLOAT32, 4, { 1, 2, 70, c } },
                               { CLADE_FLOAT32, 2, { 70, 70 } } };
    cld_build build = { .graph = rig.graph, .node = "test" };
    cld_value_id in[4], out;
    for (int32_t k = 0; k < 4; k++)
        in[k] = cld_graph_input(rig.graph, NULL, &types[k]);
    ck_ok(cld_build_with(&build, &cld_op_Attention, in, 4, &attr, 1, &out, &rig.err), rig.err);
    ck_assert(cld_graph_output(rig.graph, out));
    ck_assert_int_eq(plan_and_write(0, "attention", _i, cases[_i].prefer), 1);
}
END_TEST

/* Tiles of 2 and of 4 outputs. */
START_TEST(each_filtering) {
    const int machine = _i % MACHINES, m = _i / MACHINES ? 4 : 2;
    const clade_tensor *want[OP_INPUTS] = { NULL };
    char prefer[64];
    snprintf(prefer, sizeof prefer, "Conv=winograd(m %d, images 1)", m);
    const op_node conv = { .type = "Conv",
                           .in = { zeros(4, (int64_t[]){ 1, 8, 14, 15 }), zeros(4, (int64_t[]){ 130, 8, 3, 3 }) },
                           .n_in = 2 };
    op_add_want(&rig, &conv, want);
    ck_assert_int_eq(plan_and_write(machine, "winograd", m, prefer), 1);
}
END_TEST

Suite *suite_op_programs(void);
Suite *suite_op_programs(void) {
    Suite *suite = suite_create("op/programs");
    TCase *tcase = tcase_create("programs");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, each_row, 0, SAMPLE_PATHS * MACHINES);
    tcase_add_loop_test(tcase, resident_weights, 0, 2);
    tcase_add_loop_test(tcase, attention, 0, 3);
    tcase_add_loop_test(tcase, each_tile, 0, 2 * TILES * MACHINES);
    tcase_add_loop_test(tcase, each_filtering, 0, 2 * MACHINES);
    suite_add_tcase(suite, tcase);
    return suite;
}
