/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs from their text: what text.c can write comes back letter by letter; what is hand-written is understood; no
 * spoilt text does harm.
 */
#include "graph/graph.h"
#include "test.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

static clade_error err;

static cld_graph *read_graph(const char *text) {
    cld_graph *graph = NULL;
    ck_ok(cld_graph_read(&graph, text, &err), err);
    return graph;
}

/* One of everything. */
static const char *const everything[] = {
    "graph net(x:float32[batch,3], a:float32[...], b:float32[], free, s:\"sequence\", d:int64[1]) -> z:float32[?,3], "
    "w:float16[20], x:float32[batch,3]\n"
    "  d:int64[1] = {-9223372036854775808}\n"
    "  w:float16[20] = {0.5 ...}\n"
    "  none:uint8[0,2] = {}\n"
    "  big:uint64[2] = {18446744073709551615,0}\n"
    "  f:float32[8] = {0.1,-0.0,1.0,nan:0000c07f,nan:0100a0ff,inf,-inf,1.4013e-45}\n"
    "  g:float64[3] = {0.1,3.1415926535897931,4.94066e-324}\n"
    "  h:float16[3] = {0.0999756,5.96046e-08,nan:007e}\n"
    "  many:int16[17] = {hex 0000010002000300040005000600070008000900ff7f0080fffff0ff000000010002}\n"
    "  flags:bool[2] = {0,1}\n"
    "  p:float32[2] = {0.0 ...} state=3\n"
    "  -, y = ext.more.Foo(x, -, w:float16[20], none:uint8[0,2], big:uint64[2], f:float32[8], g:float64[3], "
    "h:float16[3], "
    "many:int16[17], flags:bool[2], p) alpha=0.5 beta=-2.0 huge=1e+30 bad=nan:0000c0ff k=-7 perm=[1,0] no=[] "
    "nof=floats[] "
    "nos=strings[] fs=floats[1.0,nan:0100c07f] ss=strings[\"a\",\"b,]\"] mode=\"a\\\"b\\\\\\x0a\\xff\xc3\xa9\" "
    "t=int8[2]{1,2} tt=uint8[17]{hex 0102030405060708090a0b0c0d0e0f1011}  @7  # n1\n"
    "  y@2:float32[2] = Twice(y)  # \"name with, spaces\"\n"
    "  \"in put:0\":float32[2] = Twice(y@2)  # \"\"\n"
    "  \"-\" = \"a b\".\"Odd(\"(\"in put:0\", d:int64[1])  # odd\n"
    "  z:float32[?,3] = Loop(\"-\", x) body=graph(body) other=graph(\"\")  @16  # loop\n"
    "    graph body(q:float32[\"1\",\"a b\"], r; x:float32[?,3]) -> q2, q2\n"
    "      q2 = If(q, x) then=graph(inner)  # if\n"
    "        graph inner(; x) -> x\n"
    "    graph \"\"() -> c:int32[]\n"
    "      c:int32[] = {5}\n",
    "graph \"\"() -> \n",
    "graph g(x) -> \n  = Print(x)  # \"no result\"\n",
    "graph g(x) -> x, x\n",
};

START_TEST(comes_back) {
    cld_graph *graph = read_graph(everything[_i]);
    cld_text text = { 0 };
    cld_graph_text(graph, true, &text);
    ck_assert_str_eq(text.data, everything[_i]);
    cld_text_free(&text);
    cld_graph_free(graph);
}
END_TEST

/* The text is the same in a locale whose decimal point is a comma, and is read there too. */
START_TEST(whatever_the_locale) {
    if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL && setlocale(LC_ALL, "fr_FR.UTF-8") == NULL)
        test_skip("no locale with a decimal comma is installed");
    else
        for (size_t k = 0; k < CLD_COUNT(everything); k++) {
            cld_graph *graph = read_graph(everything[k]);
            cld_text text = { 0 };
            cld_graph_text(graph, true, &text);
            ck_assert_str_eq(text.data, everything[k]);
            cld_text_free(&text);
            cld_graph_free(graph);
        }
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(values_are_what_the_text_says) {
    cld_graph *graph = read_graph("\n# a comment\n"
                                  "graph g(x:float32[N,2], d:float32[2]) -> y\n\n"
                                  "  d:float32[2] = {1, 2.5}\n"
                                  "  # one more\n"
                                  "  w:int32[4] = {3 ...}\n"
                                  "  m:float32[3] = {nan, 1e-46, infinity}\n"
                                  "  s:float32[1] = {7.0} state=2\n"
                                  "  \"\\xc3\\xa9\\x09\" = Op(x, d)  # first\n"
                                  "  y = com.acme.Op(x, w, m, s, \"\xc3\xa9\t\") k=1 f=1.0 @11");
    const cld_value *v = graph->values;
    ck_assert_int_eq(graph->n_inputs, 2);
    ck_assert_int_eq(graph->n_formal, 2);
    ck_assert(v[0].type.dims[0] == -1 && strcmp(v[0].dim_names[0], "N") == 0 && v[0].constant == NULL);
    ck_assert(v[1].is_default && cld_tensor_get(v[1].constant, 1) == 2.5);
    ck_assert(cld_tensor_get_int(v[2].constant, 0) == 3 && cld_tensor_get_int(v[2].constant, 3) == 3);
    ck_assert(isnan(cld_tensor_get(v[3].constant, 0)) && cld_tensor_get(v[3].constant, 1) == 0);
    ck_assert(isinf(cld_tensor_get(v[3].constant, 2)));
    ck_assert(v[4].state == 2 && v[4].constant == NULL && cld_tensor_get(v[4].initial, 0) == 7);
    ck_assert_str_eq(v[5].name, "\xc3\xa9\t");
    const cld_node *node = &graph->nodes[1];
    ck_assert_str_eq(node->domain, "com.acme");
    ck_assert_str_eq(node->type, "Op");
    ck_assert_str_eq(node->name, "Op_1");
    ck_assert(node->opset == 11 && node->op == NULL && graph->nodes[0].opset == 0);
    ck_assert(cld_attr_int(node, "k", 0) == 1 && cld_attr_float(node, "f", 0) == 1);
    ck_assert_int_eq(v[graph->outputs[0].i].producer, 1);
    ck_ok(cld_graph_verify(graph, &err), err);
    cld_graph_free(graph);
}
END_TEST

static void try_reading(const char *text) {
    cld_graph *graph = NULL;
    cld_text again = { 0 };
    if (cld_graph_read(&graph, text, &err) != CLADE_OK)
        return;
    cld_graph_text(graph, true, &again);
    ck_assert(!again.failed);
    cld_text_free(&again);
    cld_graph_free(graph);
}

/* Every end, every byte left out, and every byte as another one. */
START_TEST(spoilt_texts_do_no_harm) {
    static const char others[] = "\"\\(){}[]=@#:;,.-9 \n\xff";
    const size_t size = strlen(everything[0]);
    char *text = malloc(size + 1);
    ck_assert_ptr_nonnull(text);
    for (size_t at = 0; at < size; at++) {
        memcpy(text, everything[0], size + 1);
        for (const char *other = others; *other != '\0'; other++) {
            text[at] = *other;
            try_reading(text);
        }
        memcpy(text + at, everything[0] + at + 1, size - at);
        try_reading(text);
        text[at] = '\0';
        try_reading(text);
    }
    free(text);
}
END_TEST

Suite *suite_graph_read(void);
Suite *suite_graph_read(void) {
    Suite *suite = suite_create("graph/read");
    TCase *tcase = tcase_create("read");
    tcase_add_loop_test(tcase, comes_back, 0, CLD_COUNT(everything));
    tcase_add_test(tcase, whatever_the_locale);
    tcase_add_test(tcase, values_are_what_the_text_says);
    tcase_add_test(tcase, spoilt_texts_do_no_harm);
    suite_add_tcase(suite, tcase);
    return suite;
}
