#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles alone, and every _INIT macro without a warning, as C and as C++ without extensions.
. "$(dirname "$0")/lib.sh"
check() { # LANGUAGE STANDARD COMPILER
    local header compiler=$3
    command -v "$compiler" >/dev/null || { skip "$compiler is not installed"; return; }
    for header in "$source_dir"/include/clade.h "$source_dir"/include/clade/*.h; do
        if "$compiler" -x "$1" -std="$2" -Wall -Wextra -Werror -fsyntax-only \
            -I"$source_dir/include" -DCL_TARGET_OPENCL_VERSION=120 -include "$header" /dev/null; then
            pass
        else
            fail "$header as $2"
        fi
    done
    if sed -n 's/^#define \(CLADE_[A-Z_]*_INIT\) CLADE_SIZED_INIT(\(.*\))$/void f_\2(void);\nvoid f_\2(void) { \2 x = \1; (void)x; }/p' \
        "$source_dir"/include/clade/*.h | "$compiler" -x "$1" -std="$2" -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
        -I"$source_dir/include" -include clade.h -; then
        pass
    else
        fail "the _INIT macros as $2"
    fi
}
check c c99 "${CC:-gcc}"
check c c11 "${CC:-gcc}"
check c++ c++11 "${CXX:-g++}"
check c++ c++20 "${CXX:-g++}"
finish
