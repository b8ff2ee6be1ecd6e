/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that are no graph are refused, with the line. */
#include "graph/graph.h"
#include "test.h"

static clade_error err;

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

Suite *suite_graph_read_refused(void);
Suite *suite_graph_read_refused(void) {
    Suite *suite = suite_create("graph/read_refused");
    TCase *tcase = tcase_create("refused");
    tcase_add_loop_test(tcase, refuses, 0, CLD_COUNT(refused));
    tcase_add_test(tcase, refuses_graphs_too_deep);
    suite_add_tcase(suite, tcase);
    return suite;
}
