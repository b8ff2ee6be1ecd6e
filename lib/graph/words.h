/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a graph's text, written (words.c) and read (scan.c, scan_attr.c). Private to graph. */
#ifndef CLD_GRAPH_WORDS_H
#define CLD_GRAPH_WORDS_H

#include "graph/graph.h"

/* What a word that is not quoted is made of. */
#define CLD_WORD_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./%$+-"

/* ---- words.c: writing ----------------------------------------------------------------------------------------- */

/* Quoted; bytes that are no UTF-8, and control characters, are \xHH. */
void cld_write_quoted(const char *word, cld_text *out);
/* As it stands where it is made of letters, digits and _./%$+- only; else quoted. */
void cld_write_word(const char *word, cld_text *out);
/* ":float32[batch,3]"; nothing where nothing is declared. */
void cld_write_type(const cld_value *value, cld_text *out);
/* "{1,2,3}"; elements that are all the same are "{1 ...}"; others beyond a few are left out, "{...}", or (whole) the
 * bytes as they lie in memory, "{hex 00ff}". A float has the fewest digits that give it back, a NaN its bytes. */
void cld_write_data(const clade_tensor *tensor, bool whole, cld_text *out);
void cld_write_attr(const cld_attr *attr, bool whole, cld_text *out);

/* ---- scan.c, scan_attr.c: reading ----------------------------------------------------------------------------- */

typedef struct cld_scan {
    const char *at;
    int32_t line;
    cld_arena *arena; /* of the graph */
    size_t held;      /* bytes of the tensors so far */
    clade_error *err;
} cld_scan;

/* ERR_FORMAT: the line, what belongs there, and what stands there. */
clade_status cld_scan_fail(const cld_scan *scan, const char *wanted);
/* Spaces, then the token if it stands there. */
bool cld_scan_take(cld_scan *scan, const char *token);
clade_status cld_scan_want(cld_scan *scan, const char *token);
clade_status cld_scan_word(cld_scan *scan, const char **out);
clade_status cld_scan_quoted(cld_scan *scan, const char **out);
/* The characters of a number, at most `size` - 1 of them. */
clade_status cld_scan_digits(cld_scan *scan, char *out, size_t size);
/* Values above INT64_MAX wrap where `is_unsigned`; else they are refused. */
clade_status cld_scan_int(cld_scan *scan, bool is_unsigned, int64_t *out);
/* One of that type; finite numbers beyond it are refused. */
clade_status cld_scan_float(cld_scan *scan, clade_dtype dtype, void *out);
/* Two digits for each byte. */
clade_status cld_scan_hex(cld_scan *scan, void *out, size_t bytes);
/* What cld_write_type has written behind the colon. */
clade_status cld_scan_type(cld_scan *scan, cld_value *value);
/* Elements that the text leaves out ("{...}") are refused. */
clade_status cld_scan_data(cld_scan *scan, const cld_type *type, const clade_tensor **out);
/* Of a graph only the name (u.s). */
clade_status cld_scan_attr(cld_scan *scan, cld_attr *out);

/* ---- read_value.c, read.c: one graph of the text ---------------------------------------------------------------- */

typedef struct cld_scope {
    cld_scan *scan;
    cld_graph *graph;
    cld_names names; /* name and number among those of that name -> value */
} cld_scope;

typedef struct cld_ids {
    cld_value_id *list;
    int32_t count, capacity;
} cld_ids;

typedef cld_value_id (*cld_add_fn)(cld_graph *graph, const char *name, const cld_type *type);

clade_status cld_scope_no_memory(const cld_scope *scope);
/* A value that is new here. */
clade_status cld_scope_define(cld_scope *scope, cld_add_fn add, cld_value_id *out);
/* One that is there; if its type is given, it is that one. */
clade_status cld_scope_refer(const cld_scope *scope, cld_value_id *out);
/* Up to `end`: new ones (add not NULL), or those that are there. */
clade_status cld_scope_values(cld_scope *scope, const char *end, cld_add_fn add, cld_ids *out);
/* "NAME:TYPE = {...}": a constant, a state, or the default of an input. *met: it stands there; else nothing is read. */
clade_status cld_scope_known(cld_scope *scope, bool *met);

#endif
