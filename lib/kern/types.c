/* SPDX-License-Identifier: Apache-2.0 */
/* What an element type is called in OpenCL C: in registers, in memory, and where sums and products of it are made. */
#include "kern/kern.h"

#define WHOLE(type, ring)                                                                                              \
    { #type, #type, #ring, "" }
static const struct {
    const char *compute, *storage, *ring, *round;
} types[] = {
    [CLADE_FLOAT32] = WHOLE(float, float),
    [CLADE_FLOAT64] = WHOLE(double, double),
    [CLADE_FLOAT16] = { "float", "half", "float", "ROUND_HALF" },
    [CLADE_INT8] = WHOLE(char, uint),
    [CLADE_INT16] = WHOLE(short, uint),
    [CLADE_INT32] = WHOLE(int, uint),
    [CLADE_INT64] = WHOLE(long, ulong),
    [CLADE_UINT8] = WHOLE(uchar, uint),
    [CLADE_UINT16] = WHOLE(ushort, uint),
    [CLADE_UINT32] = WHOLE(uint, uint),
    [CLADE_UINT64] = WHOLE(ulong, ulong),
    [CLADE_BOOL] = WHOLE(uchar, uint),
};

const char *cld_kern_type(clade_dtype dtype) { return types[dtype].compute; }
const char *cld_kern_storage(clade_dtype dtype) { return types[dtype].storage; }
const char *cld_kern_ring(clade_dtype dtype) { return types[dtype].ring; }
const char *cld_kern_round(clade_dtype dtype) { return types[dtype].round; }
