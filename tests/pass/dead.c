/* SPDX-License-Identifier: Apache-2.0 */
/* Dead nodes go, with what only they used; optional results nobody reads go; the rest stays valid. */
#include "test.h"
#include "written.h"

static const struct {
    const char *before, *after;
} graphs[] = {
    /* Of kept_1 the second result goes; of kept_2 only the second is used, the first is required and stays. */
    { "graph g(v:float32[4]) -> b2:bool[4]\n"
      "  d1:float32[4] = Dropout(v)  # dead_chain_1\n"
      "  a1:float32[4], a2:bool[4] = Dropout(v)  # kept_1\n"
      "  d2:float32[4] = Dropout(d1)  # dead_chain_2\n"
      "  b1:float32[4], b2:bool[4] = Dropout(a1)  # kept_2\n"
      "  d3:float32[4], d4:bool[4] = Dropout(b1)  # dead_reader\n",
      "graph g(v:float32[4]) -> b2:bool[4]\n"
      "  a1:float32[4], - = Dropout(v)  # kept_1\n"
      "  b1:float32[4], b2:bool[4] = Dropout(a1)  # kept_2\n" },
    { "graph g(x:float32[4]) -> x:float32[4]\n"
      "  y:float32[4] = Neg(x)  # dead\n",
      "graph g(x:float32[4]) -> x:float32[4]\n" },
};

START_TEST(drops_what_nobody_uses) {
    clade_error err;
    cld_graph *graph = written(graphs[_i].before);
    ck_ok(cld_pass_dead(graph, &err), err);
    check_written(graph, graphs[_i].after);
    for (int32_t id = 0; id < graph->n_values; id++) { /* what went has no maker any more */
        const int32_t maker = graph->values[id].producer;
        ck_assert(maker < graph->n_nodes && (maker < 0 || graph->nodes[maker].out[0].i == id ||
                                             (graph->nodes[maker].n_out > 1 && graph->nodes[maker].out[1].i == id)));
    }
    ck_ok(cld_graph_verify(graph, &err), err);
    cld_graph_free(graph);
}
END_TEST

Suite *suite_pass_dead(void);
Suite *suite_pass_dead(void) {
    Suite *suite = suite_create("pass/dead");
    TCase *tcase = tcase_create("dead");
    tcase_add_loop_test(tcase, drops_what_nobody_uses, 0, CLD_COUNT(graphs));
    suite_add_tcase(suite, tcase);
    return suite;
}
