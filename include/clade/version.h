/* SPDX-License-Identifier: Apache-2.0 */
/* The version of these headers, and of the library that runs. */
#ifndef CLADE_VERSION_H
#define CLADE_VERSION_H

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLADE_VERSION_MAJOR 0
#define CLADE_VERSION_MINOR 1
#define CLADE_VERSION_PATCH 0
/* One number to compare: #if CLADE_VERSION_NUMBER >= 1002000 is "1.2.0 or later". */
#define CLADE_VERSION_NUMBER (CLADE_VERSION_MAJOR * 1000000 + CLADE_VERSION_MINOR * 1000 + CLADE_VERSION_PATCH)

/* The library's version, "MAJOR.MINOR.PATCH"; the macros are those of the headers a program was built with. Static. */
CLADE_API const char *clade_version(void);

#ifdef __cplusplus
}
#endif
#endif
