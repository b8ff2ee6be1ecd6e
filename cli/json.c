/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a JSON document (RFC 8259) to standard output, indented, value by value.
 *
 * Text is UTF-8; bytes that are not become U+FFFD, so that the document is valid whatever a model calls its nodes.
 */
#include "cli.h"

#include <inttypes.h>
#include <math.h>

/* Length of the valid UTF-8 sequence at `s`, or 0 (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *s) {
    if (s[0] < 0x80)
        return 1;
    const size_t length = s[0] >= 0xc2 && s[0] < 0xe0   ? 2
                          : (s[0] & 0xf0) == 0xe0       ? 3
                          : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                        : 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates, and code points past U+10FFFF. */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
}

static void print_string(const char *text) {
    putchar('"');
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        const size_t length = utf8_length(s);
        if (length == 0)
            fputs("\\ufffd", stdout);
        else if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if (*s < 0x20 || *s == 0x7f)
            printf("\\u%04x", *s);
        else
            fwrite(s, 1, length, stdout);
        s += length ? length : 1;
    }
    putchar('"');
}

static void indent(const cli_json *json) { printf("\n%*s", (int)json->depth * 2, ""); }

/* Everything that comes before a value: comma, line, key. */
static void begin(cli_json *json, const char *key) {
    const uint64_t bit = UINT64_C(1) << json->depth;
    if (json->used & bit)
        putchar(',');
    json->used |= bit;
    if (json->depth)
        indent(json);
    if (key) {
        print_string(key);
        fputs(": ", stdout);
    }
}

void cli_json_open(cli_json *json, const char *key, char bracket) {
    begin(json, key);
    putchar(bracket);
    json->depth++;
    json->used &= ~(UINT64_C(1) << json->depth);
}

void cli_json_close(cli_json *json, char bracket) {
    const int empty = !(json->used >> json->depth & 1);
    json->depth--;
    if (!empty)
        indent(json);
    putchar(bracket);
    if (json->depth == 0)
        putchar('\n');
}

void cli_json_text(cli_json *json, const char *key, const char *value) {
    begin(json, key);
    if (value)
        print_string(value);
    else
        fputs("null", stdout);
}

void cli_json_integer(cli_json *json, const char *key, int64_t value) {
    begin(json, key);
    printf("%" PRId64, value);
}

void cli_json_real(cli_json *json, const char *key, double value) {
    begin(json, key);
    if (isfinite(value))
        printf("%.9g", value);
    else
        fputs("null", stdout);
}

void cli_json_bool(cli_json *json, const char *key, int value) {
    begin(json, key);
    fputs(value ? "true" : "false", stdout);
}
