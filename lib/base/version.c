/* SPDX-License-Identifier: Apache-2.0 */
/* The library's version: configure's, where there is one. */
#include "clade.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"
#endif

const char *clade_version(void) { return PACKAGE_VERSION; }
