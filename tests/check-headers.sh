#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles alone, as C11 without extensions and as C++. One case per header and language.
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
}
check c c11 "${CC:-gcc}"
check c++ c++11 "${CXX:-g++}"
finish
