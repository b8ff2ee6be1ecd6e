/* SPDX-License-Identifier: Apache-2.0 */
/* The library's version as text; tests/base/error.c sees that the header's is configure's. */
#include "clade/version.h"

#define TEXT(number) TEXT_(number)
#define TEXT_(number) #number

const char *clade_version(void) {
    return TEXT(CLADE_VERSION_MAJOR) "." TEXT(CLADE_VERSION_MINOR) "." TEXT(CLADE_VERSION_PATCH);
}
