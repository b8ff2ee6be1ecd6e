/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people: shapes, sizes, and names that came from a file. */
#include "cli.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const char *cli_shape_text(char *to, int32_t rank, const int64_t *dims, const char *const *names) {
    if (rank < 0)
        return strcpy(to, "[...]");
    size_t used = (size_t)snprintf(to, CLI_SHAPE_TEXT, "[");
    for (int32_t i = 0; i < rank; i++) {
        const char *comma = i ? "," : "";
        /* 40 bytes an entry keep the whole below CLI_SHAPE_TEXT. */
        if (dims[i] >= 0)
            used += (size_t)snprintf(to + used, CLI_SHAPE_TEXT - used, "%s%" PRId64, comma, dims[i]);
        else
            used += (size_t)snprintf(to + used, CLI_SHAPE_TEXT - used, "%s%.38s", comma,
                                     names && names[i] ? names[i] : "?");
    }
    snprintf(to + used, CLI_SHAPE_TEXT - used, "]");
    return to;
}

const char *cli_bytes_text(char *to, uint64_t bytes) {
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    double value = (double)bytes;
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        value /= 1024;
    snprintf(to, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return to;
}

void cli_print_clean(FILE *to, const char *text) {
    for (; *text; text++) {
        const unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];
        const int second_set = c == 0xc2 && next >= 0x80 && next < 0xa0; /* U+0080 ... U+009F control terminals too */
        fputc(c < 0x20 || c == 0x7f || second_set ? '?' : c, to);
        text += second_set;
    }
}

void cli_print_line(const char *text) {
    enum { LINE = 300 };
    char line[LINE + 1];
    const int cut = snprintf(line, sizeof line, "%s", text) > LINE;
    cli_print_clean(stdout, line);
    fputs(cut ? "...\n" : "\n", stdout);
}

const char *cli_device_kind_text(clade_device_kind kind) {
    static const char *const texts[] = { "other", "cpu", "gpu" };
    return texts[kind <= CLADE_DEVICE_GPU ? kind : 0];
}

int cli_is_real(clade_dtype dtype) {
    return dtype == CLADE_FLOAT16 || dtype == CLADE_FLOAT32 || dtype == CLADE_FLOAT64;
}

static double half_value(uint16_t bits) {
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const double magnitude = exponent == 31 ? (mantissa ? NAN : INFINITY)
                             : exponent     ? ldexp(1024 + mantissa, exponent - 25)
                                            : ldexp(mantissa, -24);
    return bits & 0x8000 ? -magnitude : magnitude;
}

double cli_element(const clade_tensor *tensor, int64_t i) {
    const void *at = (const char *)tensor->data + (size_t)i * clade_dtype_size(tensor->dtype);
    switch (tensor->dtype) {
#define CASE(name, type, convert)                                                                                      \
    case CLADE_##name: {                                                                                               \
        type value;                                                                                                    \
        memcpy(&value, at, sizeof value);                                                                              \
        return convert(value);                                                                                         \
    }
        CASE(FLOAT32, float, (double))
        CASE(FLOAT64, double, )
        CASE(FLOAT16, uint16_t, half_value)
        CASE(BOOL, uint8_t, )
        CASE(UINT8, uint8_t, )
        CASE(INT8, int8_t, )
        CASE(UINT16, uint16_t, )
        CASE(INT16, int16_t, )
        CASE(UINT32, uint32_t, )
        CASE(INT32, int32_t, )
        CASE(UINT64, uint64_t, (double))
        CASE(INT64, int64_t, (double))
#undef CASE
    case CLADE_NONE:
        break;
    }
    return NAN;
}
