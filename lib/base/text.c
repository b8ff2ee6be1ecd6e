/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string, and JSON quoting that gives valid JSON whatever bytes a model file put into a name. */
#include "base/base.h"

#include <stdio.h>

/* Room for `count` more bytes and the NUL. */
static bool reserve(cld_text *text, size_t count) {
    size_t need;
    if (text->failed || !cld_add_size(text->size, count, &need) || !cld_add_size(need, 1, &need)) {
        text->failed = true;
        return false;
    }
    if (need <= text->capacity)
        return true;
    size_t capacity = CLD_MAX(need, CLD_MAX(text->capacity + text->capacity / 2, (size_t)256));
    char *data = cld_realloc(text->data, capacity, 1);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void cld_text_addn(cld_text *text, const char *bytes, size_t count) {
    if (!reserve(text, count))
        return;
    if (count)
        memcpy(text->data + text->size, bytes, count);
    text->size += count;
    text->data[text->size] = '\0';
}

void cld_text_add(cld_text *text, const char *string) { cld_text_addn(text, string, strlen(string)); }

void cld_text_vprintf(cld_text *text, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        text->failed = true;
    else if (reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->size, (size_t)length + 1, format, args);
        text->size += (size_t)length;
    }
}

void cld_text_printf(cld_text *text, const char *format, ...) {
    va_list args;
    va_start(args, format);
    cld_text_vprintf(text, format, args);
    va_end(args);
}

/* RFC 3629, section 4. */
size_t cld_utf8_length(const char *string) {
    const unsigned char *s = (const unsigned char *)string;
    static const struct {
        unsigned char lead_from, lead_to, second_from, second_to, length;
    } forms[] = { { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
                  { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
                  { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 } };
    if (s[0] < 0x80)
        return 1;
    for (size_t f = 0; f < CLD_COUNT(forms); f++) {
        if (s[0] < forms[f].lead_from || s[0] > forms[f].lead_to || s[1] < forms[f].second_from ||
            s[1] > forms[f].second_to)
            continue;
        size_t i = 2;
        while (i < forms[f].length && (s[i] & 0xc0) == 0x80)
            i++;
        return i == forms[f].length ? i : 0;
    }
    return 0;
}

void cld_text_json(cld_text *text, const char *string) {
    static const char escapes[] = "\"\"\\\\\nn\tt\rr"; /* pairs: character, letter behind the backslash */
    cld_text_add(text, "\"");
    for (const unsigned char *s = (const unsigned char *)string; *s;) {
        size_t length = cld_utf8_length((const char *)s);
        const char *escape = escapes;
        while (*escape && (unsigned char)*escape != *s)
            escape += 2;
        if (!length)
            cld_text_add(text, "\\ufffd");
        else if (*escape)
            cld_text_printf(text, "\\%c", escape[1]);
        else if (*s < 0x20)
            cld_text_printf(text, "\\u%04x", *s);
        else
            cld_text_addn(text, (const char *)s, length);
        s += CLD_MAX(length, (size_t)1);
    }
    cld_text_add(text, "\"");
}

void cld_text_free(cld_text *text) {
    cld_free(text->data);
    *text = (cld_text){ 0 };
}
