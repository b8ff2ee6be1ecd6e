#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shared library exports clade_* and nothing else, and every function the public headers mark CLADE_API.
. "$(dirname "$0")/lib.sh"
library=$build_dir/.libs/libclade.so
[ -e "$library" ] || { skip "no shared library in this build"; finish; }

exported=$(nm -D --defined-only "$library" | awk '{ print $3 }' | sed 's/@.*//' | LC_ALL=C sort -u)
declared=$(cd "$source_dir/include" && cat clade.h clade/*.h | tr '\n' ' ' |
    grep -oE 'CLADE_API [^;{]*[;{]' | grep -oE '\bclade_[a-z0-9_]+ *\(' | tr -d ' (' | LC_ALL=C sort -u)

for symbol in $exported; do
    case $symbol in
    clade_*) pass ;;
    # What the sanitizers' run time puts into every object is not ours.
    __asan_* | __ubsan_* | __odr_asan*) ;;
    *) fail "exports $symbol" ;;
    esac
done
for symbol in $declared; do
    if grep -qx "$symbol" <<<"$exported"; then pass; else fail "declares $symbol and does not export it"; fi
done
finish
