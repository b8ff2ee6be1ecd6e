/* SPDX-License-Identifier: Apache-2.0 */
/* Symbolic output shapes: linear forms, products, quotients, and the cases that stay "?". */
#include "test.h"
#include "written.h"

static const struct {
    const char *model, *want;
} shapes[] = {
    { "graph g(x:float32[N,3], y:float32[M,3]) -> z\n"
      "  twice = Concat(x, x) axis=0\n"
      "  z = Concat(y, twice) axis=0\n",
      "float32[2*N+M,3]" },
    /* A hostile file's dimensions are not computed with. */
    { "graph g(x:int8[N,1125899906842624]) -> y\n"
      "  y = Identity(x)\n",
      "int8[N,?]" },
    /* One name is one symbol. */
    { "graph g(x:int64[N,3], y:int64[N,4]) -> z\n"
      "  z = Concat(x, y) axis=1\n",
      "int64[N,7]" },
    { "graph g(x:float32[N,T]) -> y\n"
      "  flat:int64[1] = {-1}\n"
      "  y = Reshape(x, flat)\n",
      "float32[N*T]" },
    { "graph g(x:float32[N,2]) -> y\n"
      "  eights:int64[2] = {-1,8}\n"
      "  y = Reshape(x, eights)\n",
      "float32[N/4,8]" },
    /* A dimension without a name is named after its input. */
    { "graph g(x:float32[?,5]) -> x\n", "float32[x.0,5]" },
    /* Data decide. */
    { "graph g(x:float32[N,3], shape:int64[2]) -> y\n"
      "  y = Reshape(x, shape)\n",
      "?" },
};

START_TEST(of_output_0) {
    clade_error err;
    cld_text text = { 0 };
    cld_graph *model = written(shapes[_i].model);
    ck_ok(cld_graph_verify(model, &err), err);
    ck_ok(cld_pass_symbolic(model, 0, &text, &err), err);
    ck_assert_str_eq(text.data, shapes[_i].want);
    cld_text_free(&text);
    cld_graph_free(model);
}
END_TEST

Suite *suite_pass_symbolic(void);
Suite *suite_pass_symbolic(void) {
    Suite *suite = suite_create("pass/symbolic");
    TCase *tcase = tcase_create("symbolic");
    tcase_add_loop_test(tcase, of_output_0, 0, CLD_COUNT(shapes));
    suite_add_tcase(suite, tcase);
    return suite;
}
