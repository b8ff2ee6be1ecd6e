/* SPDX-License-Identifier: Apache-2.0 */
/* Einsum on the device against its definition, one product at a time: letters, ellipses, diagonals, broadcasting, one
 * to three operands; equations that must be refused.
 */
#include "op/rig.h"

static op_rig rig;

static void setup(void) {
    op_begin(&rig);
    rig.atol = 1e-5;
}
static void teardown(void) { op_end(&rig); }

enum { MAX_OPERANDS = 3 };

/* Equations with an explicit output; `full` spells the ellipsis out, for the definition. Dimensions follow `sizes`: the
 * size of 'a', 'b', ... 'h' as digits. A capital stands for the same letter with size 1 (it broadcasts). */
static const struct {
    const char *equation, *full, *sizes;
} examples[] = {
    { "ab,bc->ac", NULL, "345" },
    { "a b , b c -> c a", NULL, "345" },
    { "abc,adc->abd", NULL, "2345" },
    { "abcd,abed->abce", NULL, "23454" },
    { "ab,ab->", NULL, "34" },
    { "a,b->ba", NULL, "34" },
    { "aab,bc->ac", NULL, "325" },
    { "aa->a", NULL, "4" },
    { "aba->b", NULL, "35" },
    { "abab->ba", NULL, "34" },
    { "abc->cb", NULL, "234" },
    { "abc,cd,de->abe", NULL, "23456" },
    { "a,a,a->", NULL, "5" },
    { "abc,bd,bd->a", NULL, "2345" },
    { "...b,...b->...", "cdb,cdb->cd", "1423" },
    { "...ab,...bc->...ac", "deab,debc->deac", "23423" },
    { "...ab,bc->ac...", "dab,bc->acd", "2345" },
    { "...aa->...a", "bcaa->bca", "324" },
    { "ab,ac->bc", "ab,Ac->bc", "345" }, /* a is 1 in the second: summed in the first */
    { "...a,...a->...", "Bca,bca->bc", "323" },
};

/* The letters of term k of `text` (k beyond the operands: the output), without blanks. */
static int term(const char *text, int k, char *out) {
    int n = 0;
    for (; *text != '\0' && k > 0; text++)
        k -= *text == ',' || *text == '>';
    for (; *text != '\0' && *text != ',' && *text != '-'; text++)
        if (*text != ' ')
            out[n++] = *text;
    return n;
}

static int operands(const char *text) {
    int count = 1;
    for (; *text != '\0'; text++)
        count += *text == ',';
    return count;
}

static int64_t size_of(const char *sizes, char letter) { return letter >= 'a' ? sizes[letter - 'a'] - '0' : 1; }

static cld_type type_of(const char *letters, int rank, const char *sizes) {
    cld_type type = { CLADE_FLOAT32, rank, { 0 } };
    for (int i = 0; i < rank; i++)
        type.dims[i] = size_of(sizes, letters[i]);
    return type;
}

/* The element of x (letters) at the indices of all letters. */
static int64_t place(const char *letters, int rank, const char *sizes, const int64_t *index) {
    int64_t at = 0;
    for (int i = 0; i < rank; i++)
        at = at * size_of(sizes, letters[i]) + (letters[i] >= 'a' ? index[letters[i] - 'a'] : 0);
    return at;
}

static void define(const char *full, const char *sizes, const clade_tensor *const *x, int n, double *out) {
    int64_t index[8] = { 0 };
    char letters[MAX_OPERANDS + 1][16];
    int rank[MAX_OPERANDS + 1];
    const int n_letters = (int)strlen(sizes);
    bool used[8] = { false };
    for (int k = 0; k <= n; k++) {
        rank[k] = term(full, k, letters[k]);
        for (int i = 0; i < rank[k]; i++)
            if (letters[k][i] >= 'a')
                used[letters[k][i] - 'a'] = true;
    }
    for (int l = n_letters; l >= 0;) { /* counts through the indices of the letters in use */
        double product = 1;
        for (int k = 0; k < n; k++)
            product *= (double)((const float *)x[k]->data)[place(letters[k], rank[k], sizes, index)];
        out[place(letters[n], rank[n], sizes, index)] += product;
        for (l = n_letters - 1; l >= 0; l--) {
            if (used[l] && ++index[l] < sizes[l] - '0')
                break;
            index[l] = 0;
        }
    }
}

START_TEST(against_the_definition) {
    const char *equation = examples[_i].equation, *sizes = examples[_i].sizes;
    const char *full = examples[_i].full != NULL ? examples[_i].full : equation;
    const int n = operands(full);
    double want[1024] = { 0 };
    char letters[16];
    op_node node = { .type = "Einsum", .attr = &OP_TEXT("equation", equation), .n_attr = 1 };
    for (int k = 0; k <= n; k++) {
        const int rank = term(full, k, letters);
        const cld_type type = type_of(letters, rank, sizes);
        if (k < n) {
            op_in(&node, op_reals(&rig, &type, 1), k == 1);
            continue;
        }
        define(full, sizes, node.in, n, want);
        op_add_want(&rig, &node, &(const clade_tensor *){ op_given(&rig, &type, want) });
    }
    op_run(&rig);
}
END_TEST

static const struct {
    const char *equation, *part;
    clade_status status;
} refused[] = {
    { "ab,bc->ac", "the equation has not the terms of 1 operands", CLADE_ERR_FORMAT },
    { "a->a", "operand 0 has rank 2, its term 1 labels", CLADE_ERR_SHAPE },
    { "abc->a", "operand 0 has rank 2, its term 3 labels", CLADE_ERR_SHAPE },
    { "aa->a", "dimension 1 of operand 0 is 3, its label stands for 2 elsewhere", CLADE_ERR_SHAPE },
    { "ab->c", "output label 0 of the equation is in no operand", CLADE_ERR_FORMAT },
    { "ab->aa", "output label 0 of the equation stands twice", CLADE_ERR_FORMAT },
    { "a1->a", "the equation has '1->a'", CLADE_ERR_FORMAT },
    { "a...->a", "lacks the ellipsis of the operands", CLADE_ERR_FORMAT },
    { "......->", "the equation has '...->'", CLADE_ERR_FORMAT },
    { "ab->a,b", "is not its end", CLADE_ERR_FORMAT },
};

START_TEST(refuses) {
    op_node node = { .type = "Einsum", .attr = &OP_TEXT("equation", refused[_i].equation), .n_attr = 1 };
    op_in(&node, op_reals(&rig, &(cld_type){ CLADE_FLOAT32, 2, { 2, 3 } }, 1), false);
    op_refused(&rig, &node, refused[_i].status, refused[_i].part);
}
END_TEST

Suite *suite_op_einsum(void);
Suite *suite_op_einsum(void) {
    Suite *suite = suite_create("op/einsum");
    TCase *tcase = tcase_create("einsum");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, against_the_definition, 0, CLD_COUNT(examples));
    tcase_add_loop_test(tcase, refuses, 0, CLD_COUNT(refused));
    suite_add_tcase(suite, tcase);
    return suite;
}
