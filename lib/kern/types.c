/* SPDX-License-Identifier: Apache-2.0 */
/* What an element type is called in OpenCL C, in registers and in memory. */
#include "kern/kern.h"

static const struct {
    const char *compute, *storage;
} types[] = {
    [CLADE_FLOAT32] = { "float", "float" },  [CLADE_FLOAT64] = { "double", "double" },
    [CLADE_FLOAT16] = { "float", "half" },   [CLADE_INT8] = { "char", "char" },
    [CLADE_INT16] = { "short", "short" },    [CLADE_INT32] = { "int", "int" },
    [CLADE_INT64] = { "long", "long" },      [CLADE_UINT8] = { "uchar", "uchar" },
    [CLADE_UINT16] = { "ushort", "ushort" }, [CLADE_UINT32] = { "uint", "uint" },
    [CLADE_UINT64] = { "ulong", "ulong" },   [CLADE_BOOL] = { "uchar", "uchar" },
};

const char *cld_kern_type(clade_dtype dtype) { return types[dtype].compute; }
const char *cld_kern_storage(clade_dtype dtype) { return types[dtype].storage; }
