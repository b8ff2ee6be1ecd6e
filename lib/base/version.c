/* SPDX-License-Identifier: Apache-2.0 */
/* The library's version, as configure knows it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "clade.h"

#ifndef CLADE_VERSION
#ifdef PACKAGE_VERSION
#define CLADE_VERSION PACKAGE_VERSION
#else
#define CLADE_VERSION "0.1.0"
#endif
#endif

const char *clade_version(void) { return CLADE_VERSION; }
