/* SPDX-License-Identifier: Apache-2.0 */
/* Reads an Einsum equation: "ij,jk->ik", blanks anywhere, one ellipsis in a term, the output left out or not.
 *
 * Out: the labels of every operand and of the output, and the size of each label. Refuses what does not fit the
 * operands.
 */
#include "op/matrix/einsum.h"

/* One term without blanks: letters, "..." or not. Dimensions under an ellipsis have labels of their own, counted from
 * the last, so that they broadcast as NumPy does. */
typedef struct term {
    int32_t letters, before; /* before: letters in front of the ellipsis; -1: none */
    int8_t letter[CLADE_MAX_RANK];
} term;

static int8_t letter_of(char c) {
    return c >= 'A' && c <= 'Z' ? (int8_t)(c - 'A') : c >= 'a' && c <= 'z' ? (int8_t)(c - 'a' + 26) : -1;
}

/* Reads up to ',' or "->" or the end. */
static clade_status read_term(const cld_call *call, const char **text, term *out, clade_error *err) {
    *out = (term){ .before = -1 };
    for (const char *at = *text;; at++) {
        if (*at == '\0' || *at == ',' || (at[0] == '-' && at[1] == '>')) {
            *text = at;
            return CLADE_OK;
        }
        if (*at == ' ')
            continue;
        if (strncmp(at, "...", 3) == 0 && out->before < 0) {
            out->before = out->letters;
            at += 2;
            continue;
        }
        const int8_t letter = letter_of(*at);
        if (letter < 0)
            return cld_call_fail(call, err, CLADE_ERR_FORMAT, "the equation has '%s'", at);
        if (out->letters == CLADE_MAX_RANK)
            return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "a term has more than %d labels", CLADE_MAX_RANK);
        out->letter[out->letters++] = letter;
    }
}

/* A term of `covered` dimensions under its ellipsis, as labels. */
static void spell(const term *from, int32_t covered, cld_labels *out) {
    out->rank = 0;
    for (int32_t i = 0; i <= from->letters; i++) {
        for (int32_t d = 0; i == from->before && d < covered; d++)
            out->at[out->rank++] = (int8_t)(CLD_EINSUM_LETTERS + covered - 1 - d);
        if (i < from->letters)
            out->at[out->rank++] = from->letter[i];
    }
}

int32_t cld_labels_count(const cld_labels *in, int label) {
    int32_t count = 0;
    for (int32_t i = 0; i < in->rank; i++)
        count += in->at[i] == label;
    return count;
}

/* The size of every label: equal, or 1, wherever it stands; within one operand equal. */
static clade_status read_sizes(const cld_call *call, cld_equation *eq, clade_error *err) {
    for (int32_t l = 0; l < CLD_EINSUM_LABELS; l++)
        eq->size[l] = -1;
    for (int32_t k = 0; k < eq->n_in; k++) {
        const cld_labels *in = &eq->in[k];
        for (int32_t i = 0; i < in->rank; i++) {
            int64_t *size = &eq->size[(int)in->at[i]];
            const int64_t here = call->in[k].dims[i];
            bool fits = *size == -1 || *size == 1 || here == 1 || here == *size;
            for (int32_t j = 0; j < i; j++)
                fits = fits && (in->at[j] != in->at[i] || call->in[k].dims[j] == here);
            if (!fits)
                return cld_call_fail(call, err, CLADE_ERR_SHAPE,
                                     "dimension %d of operand %d is %lld, its label stands for %lld elsewhere", (int)i,
                                     (int)k, (long long)here, (long long)*size);
            *size = *size == -1 || *size == 1 ? here : *size;
        }
    }
    return CLADE_OK;
}

/* Without "->": the ellipsis, then the labels that stand once, in alphabetical order. */
static clade_status implicit_output(const cld_call *call, const cld_equation *eq, term *out, clade_error *err) {
    *out = (term){ .before = 0 };
    for (int8_t l = 0; l < CLD_EINSUM_LETTERS; l++) {
        int32_t count = 0;
        for (int32_t k = 0; k < eq->n_in; k++)
            count += cld_labels_count(&eq->in[k], l);
        if (count != 1)
            continue;
        if (out->letters == CLADE_MAX_RANK)
            return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "the output has more than %d labels",
                                 CLADE_MAX_RANK);
        out->letter[out->letters++] = l;
    }
    return CLADE_OK;
}

static clade_status read_output(const cld_call *call, cld_equation *eq, const char *text, int32_t covered,
                                clade_error *err) {
    term out;
    if (*text == '\0') {
        CLD_RETURN(implicit_output(call, eq, &out, err));
    } else {
        text += 2;
        CLD_RETURN(read_term(call, &text, &out, err));
        if (*text != '\0' || (covered > 0 && out.before < 0))
            return cld_call_fail(call, err, CLADE_ERR_FORMAT, "the equation's output %s",
                                 *text != '\0' ? "is not its end" : "lacks the ellipsis of the operands");
    }
    if (out.letters + covered > CLADE_MAX_RANK)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "the output has more than %d labels", CLADE_MAX_RANK);
    spell(&out, covered, &eq->out);
    for (int32_t i = 0; i < eq->out.rank; i++)
        if (cld_labels_count(&eq->out, eq->out.at[i]) > 1 || eq->size[(int)eq->out.at[i]] < 0)
            return cld_call_fail(call, err, CLADE_ERR_FORMAT, "output label %d of the equation %s", (int)i,
                                 eq->size[(int)eq->out.at[i]] < 0 ? "is in no operand" : "stands twice");
    return CLADE_OK;
}

clade_status cld_einsum_equation(const cld_call *call, cld_equation *eq, clade_error *err) {
    const char *text = cld_attr_string(call->node, "equation", NULL);
    int32_t covered = 0;
    if (text == NULL)
        return cld_call_fail(call, err, CLADE_ERR_FORMAT, "there is no equation");
    if (call->n_in > CLD_EINSUM_OPERANDS)
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "more than %d operands are not supported",
                             CLD_EINSUM_OPERANDS);
    eq->n_in = call->n_in;
    for (int32_t k = 0; k < eq->n_in; k++) {
        term in;
        CLD_RETURN(read_term(call, &text, &in, err));
        const int32_t under = call->in[k].rank - in.letters;
        if (under < 0 || (in.before < 0 && under > 0))
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "operand %d has rank %d, its term %d labels", (int)k,
                                 (int)call->in[k].rank, (int)in.letters);
        spell(&in, under, &eq->in[k]);
        covered = CLD_MAX(covered, under);
        if ((*text == ',') != (k + 1 < eq->n_in))
            return cld_call_fail(call, err, CLADE_ERR_FORMAT, "the equation has not the terms of %d operands",
                                 (int)eq->n_in);
        text += *text == ',';
    }
    CLD_RETURN(read_sizes(call, eq, err));
    return read_output(call, eq, text, covered, err);
}
