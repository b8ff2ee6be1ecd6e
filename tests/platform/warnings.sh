#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The library, the command, the examples and the tests compile without a warning under gcc and clang, each in a directory of
# its own: configure's warnings (m4/clade_flags.m4) are errors.
. "$(dirname "$0")/../lib.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL
for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || { skip "$compiler is not installed"; continue; }
    directory=$build_dir/warnings/$compiler
    log=$directory/build.log
    mkdir -p "$directory"
    if (cd "$directory" && "$source_dir/configure" --enable-werror --disable-shared CC="$compiler" CFLAGS="-O1" &&
        make -k -j"$(nproc)" && make -k -j"$(nproc)" tests/unit tests/device tests/faults) >"$log" 2>&1; then
        pass
    else
        fail "$compiler: $(grep -E ': (warning|error|fatal error):' "$log" | head -n 20)"
    fi
done
finish
