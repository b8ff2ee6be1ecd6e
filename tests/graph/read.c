/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs from their text: what text.c can write comes back letter by letter; what is hand-written is understood; what
 * is wrong is refused, with its line, and no spoilt text does harm.
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
    "graph g(x) -> \n"
    "  = Print(x)  # \"no result\"\n",
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

#define G "graph g(x:float32[2]) -> x\n"
static const struct {
    const char *text;
    clade_status status;
    const char *part;
} refused[] = {
    { "", CLADE_ERR_FORMAT, "line 1: graph  is wanted, not the end of the line" },
    { "\n\nnode", CLADE_ERR_FORMAT, "line 3: graph  is wanted, not 'node'" },
    { "graph g x", CLADE_ERR_FORMAT, "line 1: ( is wanted, not 'x'" },
    { "graph g(x y) -> x", CLADE_ERR_FORMAT, "line 1: , is wanted, not 'y) -> x'" },
    { "graph g(; x) -> x", CLADE_ERR_FORMAT, "a name is wanted, not '; x) -> x'" },
    { "graph g(x, x) -> x", CLADE_ERR_GRAPH, "line 1: 'x' is there already" },
    { "graph g(x)", CLADE_ERR_FORMAT, "line 1: -> is wanted, not the end" },
    { "graph g(x) -> y", CLADE_ERR_GRAPH, "line 1: nothing has given 'y' yet" },
    { "graph g(x) -> x x", CLADE_ERR_FORMAT, "line 1: , is wanted" },
    { "graph g(x:float31[2]) -> x", CLADE_ERR_FORMAT, "an element type is wanted, not 'float31[2]) -> x" },
    { "graph g(x:int8 ) -> x", CLADE_ERR_FORMAT, "[ is wanted" },
    { "graph g(x:int8[...) -> x", CLADE_ERR_FORMAT, "] is wanted" },
    { "graph g(x:int8[2) -> x", CLADE_ERR_FORMAT, "] is wanted" },
    { "graph g(x:int8[(]) -> x", CLADE_ERR_FORMAT, "a name is wanted" },
    { "graph g(x:int8[-2]) -> x", CLADE_ERR_FORMAT, "no negative dimension" },
    { "graph g(x:int8[9223372036854775808]) -> x", CLADE_ERR_FORMAT, "an integer of 64 bits is wanted" },
    { "graph g(x:int8[9223372036854775807,9]) -> x", CLADE_ERR_LIMIT, "line 1: " },
    { "graph g(x:int8[1,1,1,1,1,1,1,1,1]) -> x", CLADE_ERR_LIMIT, "line 1: more than 8 dimensions" },
    { "graph \"g(x) -> x", CLADE_ERR_FORMAT, "line 1: an end of the quotation is wanted" },
    { "graph \"g\\q\"(x) -> x", CLADE_ERR_FORMAT, "an escape that is known is wanted, not '\\q" },
    { "graph \"g\\", CLADE_ERR_FORMAT, "line 1: an end of the quotation is wanted" },
    { "graph \"g\\\n\"", CLADE_ERR_FORMAT, "line 1: an end of the quotation is wanted" },
    { "graph \"\\x00\"(x) -> x", CLADE_ERR_FORMAT, "line 1: an escape that is known" },
    { "graph \"\\x1\"(x) -> x", CLADE_ERR_FORMAT, "line 1: an escape that is known" },
    { "graph \"\\x1G\"(x) -> x", CLADE_ERR_FORMAT, "line 1: an escape that is known" },
    { G "   y = Op(x)", CLADE_ERR_FORMAT, "line 2: a line of the graph, two spaces in, is wanted" },
    { G "  y", CLADE_ERR_FORMAT, "line 2: = is wanted" },
    { G "  y = (x)", CLADE_ERR_FORMAT, "line 2: a name is wanted" },
    { G "  y = Op", CLADE_ERR_FORMAT, "line 2: ( is wanted" },
    { G "  y = \"a\"(x)", CLADE_ERR_FORMAT, "line 2: . is wanted" },
    { G "  y = Op(x", CLADE_ERR_FORMAT, "line 2: ) is wanted" },
    { G "  y = Op(z)\n  z = Op(y)", CLADE_ERR_GRAPH, "line 2: nothing has given 'z' yet" },
    { G "\n  x = Op(x)", CLADE_ERR_GRAPH, "line 3: 'x' is there already" },
    { G "  y = Op(x@2)", CLADE_ERR_GRAPH, "line 2: nothing has given 'x' yet" },
    { G "  y = Op(x:float32[3])", CLADE_ERR_GRAPH, "line 2: 'x' is of another type here than where it is defined" },
    { G "  y = Op(x@1)", CLADE_ERR_FORMAT, "line 2: a number from 2 on before this" },
    { "graph g(x:int8[N]) -> x:int8[M]", CLADE_ERR_GRAPH, "line 1: 'x' is of another type here" },
    { "graph g(x:\"string\") -> x:\"sequence\"", CLADE_ERR_GRAPH, "line 1: 'x' is of another type here" },
    { "graph g(x) -> x:\"sequence\"", CLADE_ERR_GRAPH, "line 1: 'x' is of another type here" },
    { G "  y = Op(x) a=1 b=2 a=2.5", CLADE_ERR_GRAPH, "line 2: attribute 'a' stands there twice" },
    { G "  y = Op(x) @-1", CLADE_ERR_FORMAT, "line 2: an opset before this is wanted" },
    { G "  y = Op(x) # a b", CLADE_ERR_FORMAT, "line 2: the end of the line is wanted, not 'b'" },
    { G "  y = Op(x) a", CLADE_ERR_FORMAT, "line 2: = is wanted" },
    { G "  y = Op(x) a=", CLADE_ERR_FORMAT, "line 2: a number is wanted" },
    { G "  y = Op(x) a=1x", CLADE_ERR_FORMAT, "line 2: an integer of 64 bits is wanted" },
    { G "  y = Op(x) a=1.0.0", CLADE_ERR_FORMAT, "line 2: a number is wanted" },
    { G "  y = Op(x) a=[1", CLADE_ERR_FORMAT, "line 2: ] is wanted" },
    { G "  y = Op(x) a=floats[x]", CLADE_ERR_FORMAT, "line 2: a number is wanted" },
    { G "  y = Op(x) a=strings[x]", CLADE_ERR_FORMAT, "line 2: \" is wanted" },
    { G "  y = Op(x) a=int9[1]{1}", CLADE_ERR_FORMAT, "line 2: an element type is wanted" },
    { G "  y = Op(x) a=int8[N]{1}", CLADE_ERR_FORMAT, "line 2: a type that is known in full" },
    { G "  y = Op(x) a=graph(b", CLADE_ERR_FORMAT, "line 2: ) is wanted" },
    { G "  y = Op(x) a=graph(b)\n", CLADE_ERR_FORMAT, "a sub-graph, four spaces further in than its node's graph," },
    { G "  y = Op(x) a=graph(b)\n    graph c() ->", CLADE_ERR_GRAPH, "the sub-graph is called 'c', and 'b'" },
    { G "  w:int8[2] = {1}", CLADE_ERR_FORMAT, "line 2: another element, as many as the type has" },
    { G "  w:int8[2] = {1,2,3}", CLADE_ERR_FORMAT, "line 2: no element more than the type has" },
    { G "  w:int8[0] = {3}", CLADE_ERR_FORMAT, "line 2: } is wanted" },
    { G "  w:int8[2] = {1,1 ...}", CLADE_ERR_FORMAT, "line 2: } is wanted" },
    { G "  w:int8[3] = {1,1 ...}", CLADE_ERR_FORMAT, "line 2: another element" },
    { G "  w:int8[1] = {300}", CLADE_ERR_FORMAT, "line 2: a value that the type holds" },
    { G "  w:bool[1] = {2}", CLADE_ERR_FORMAT, "line 2: a value that the type holds" },
    { G "  w:bool[2] = {hex 0102}", CLADE_ERR_FORMAT, "line 2: 00 or 01 for every element" },
    { G "  w:int8[2] = {hex 010}", CLADE_ERR_FORMAT, "line 2: two digits of another byte is wanted, not '0}'" },
    { G "  w:int8[2] = {hex 010203}", CLADE_ERR_FORMAT, "line 2: } is wanted" },
    { G "  w:float32[1] = {nan:0000c0}", CLADE_ERR_FORMAT, "line 2: two digits of another byte" },
    { G "  w:float32[1] = {nan:0000803f}", CLADE_ERR_FORMAT, "line 2: the bytes of a NaN before this" },
    { G "  w:float32[1] = {4e38}", CLADE_ERR_FORMAT, "line 2: a number that the element type holds" },
    { G "  w:float16[1] = {65520.0}", CLADE_ERR_FORMAT, "line 2: a number that the element type holds" },
    { G "  w:float64[1] = {1e999}", CLADE_ERR_FORMAT, "line 2: a number that the element type holds" },
    { G "  w:int8[40] = {...}", CLADE_ERR_FORMAT, "line 2: elements that the text leaves out cannot be read back" },
    { G "  w:uint64[1] = {-1}", CLADE_ERR_FORMAT, "line 2: an integer of 64 bits" },
    { G "  w:int8[1] = {1.5}", CLADE_ERR_FORMAT, "line 2: an integer of 64 bits" },
    { G "  w:float32[1] = {one}", CLADE_ERR_FORMAT, "line 2: a number is wanted" },
    { G "  w = {1}", CLADE_ERR_FORMAT, "line 2: a type that is known in full" },
    { G "  w:float32[] = {1} 2", CLADE_ERR_FORMAT, "line 2: the end of the line" },
    { G "  w:float32[] = {1} state=0", CLADE_ERR_FORMAT, "line 2: a state's number" },
    { G "  w:int8[] = {1} state=2147483648", CLADE_ERR_FORMAT, "line 2: a state's number" },
    { G "  w:int8[] = {1} state=1\n  v:int8[1] = {1} state=1", CLADE_ERR_GRAPH,
      "line 3: state 1 is of another type before" },
    { "graph g(x:int8[], y:int8[]) -> y\n  x:int8[] = {1}\n", CLADE_ERR_GRAPH,
      "before line 3: input 'y' stands behind one with a default" },
    { G "  w:float32[300000000] = {1.0 ...}", CLADE_ERR_LIMIT, "line 2: tensors take more than" },
    { G "  w:int8[] = {1}\n  w:int8[] = {1}", CLADE_ERR_GRAPH, "line 3: 'w' is there already" },
    { G "  x:float32[2] = {1,2}\n  x:float32[2] = {1,2}", CLADE_ERR_GRAPH, "line 3: 'x' is there already" },
    { G "  x:float32[2] = {1,2} state=1", CLADE_ERR_GRAPH, "line 2: 'x' is there already" },
    { "graph g(x:float32[N]) -> x\n  x:int8[2] = {1,2}", CLADE_ERR_GRAPH, "line 2: the default of 'x' is int8[2]" },
    { "graph g(x:int8[N]) -> x\n  x:int8[2,1] = {1,2}", CLADE_ERR_GRAPH, "line 2: the default of 'x' is int8[2,1]" },
    { "graph g(x:int8[N,2]) -> x\n  x:int8[2,1] = {1,2}", CLADE_ERR_GRAPH, "line 2: the default of 'x' is int8[2,1]" },
    { G "  x:float32[3] = {1 ...}", CLADE_ERR_GRAPH,
      "line 2: the default of 'x' is float32[3], the input is float32[2]" },
};

START_TEST(refuses) {
    cld_graph *graph = NULL;
    ck_refused(cld_graph_read(&graph, refused[_i].text, &err), refused[_i].status, refused[_i].part, err);
    ck_assert(strstr(err.message, "line ") != NULL);
    ck_assert_ptr_null(graph);
}
END_TEST

START_TEST(refuses_graphs_too_deep) {
    cld_text text = { 0 };
    cld_graph *graph = NULL;
    for (int depth = 0; depth < 70; depth++)
        cld_text_printf(&text, "%*sgraph g() ->\n%*s- = Op() b=graph(g)\n", depth * 4, "", depth * 4 + 2, "");
    ck_refused(cld_graph_read(&graph, text.data, &err), CLADE_ERR_LIMIT, "line 131: more than 64 sub-graphs deep", err);
    cld_text_free(&text);
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
    tcase_add_loop_test(tcase, refuses, 0, CLD_COUNT(refused));
    tcase_add_test(tcase, refuses_graphs_too_deep);
    tcase_add_test(tcase, spoilt_texts_do_no_harm);
    suite_add_tcase(suite, tcase);
    return suite;
}
