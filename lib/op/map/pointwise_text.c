/* SPDX-License-Identifier: Apache-2.0 */
/* Expression text: literals, and the table's expressions with their names replaced. */
#include "op/map/pointwise.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

const char *cld_pointwise_literal(cld_arena *arena, clade_dtype dtype, double value) {
    bool wide = dtype == CLADE_FLOAT64;
    char digits[40], clean[48];
    size_t size = 0;
    if (!cld_dtype_in(dtype, CLD_FLOATS))
        return cld_arena_printf(arena, value < 0 ? "(%lld)" : "%lld",
                                (long long)fmin(fmax(value, -0x1p62), 0x1p62)); /* NaN too gives a number */
    if (isnan(value))
        return cld_arena_text(arena, "NAN");
    if (isinf(value))
        return cld_arena_text(arena, value < 0 ? "(-INFINITY)" : "INFINITY");
    snprintf(digits, sizeof digits, wide ? "%.16e" : "%.8e", value);
    for (const char *c = digits; *c; c++) { /* the caller's locale may write another decimal point, of several bytes */
        bool plain = (*c >= '0' && *c <= '9') || strchr("+-e", *c);
        if (plain || (size > 0 && clean[size - 1] != '.'))
            clean[size++] = plain ? *c : '.';
    }
    clean[size] = 0;
    return cld_arena_printf(arena, signbit(value) ? "(%s%s)" : "%s%s", clean, wide ? "" : "f");
}

static const char *replacement(const char *word, size_t size, const char *const names[5]) {
    static const char letters[] = "xyzpq";
    const char *at = size == 1 ? strchr(letters, word[0]) : NULL;
    return at ? names[at - letters] : NULL;
}

const char *cld_pointwise_text(cld_arena *arena, const char *text, clade_dtype dtype, const char *const names[5]) {
    const char *suffix = dtype == CLADE_FLOAT64 ? "" : "f";
    cld_text out = { 0 };
    cld_text_add(&out, "(");
    while (*text) {
        size_t size = 1;
        bool word = isalpha((unsigned char)*text), number = isdigit((unsigned char)*text);
        while ((word || number) && (isalnum((unsigned char)text[size]) || text[size] == '_' || text[size] == '.'))
            size++;
        const char *name = word ? replacement(text, size, names) : NULL;
        size_t skip = word && dtype == CLADE_FLOAT64 && strncmp(text, "fast_", 5) == 0 ? 5 : 0;
        if (name)
            cld_text_add(&out, name);
        else
            cld_text_addn(&out, text + skip, size - skip);
        if (number && memchr(text, '.', size))
            cld_text_add(&out, suffix);
        text += size;
    }
    cld_text_add(&out, ")");
    return cld_text_take(&out, arena);
}
