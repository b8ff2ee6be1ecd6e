#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The shared library exports clade_* and nothing else, and every function the public headers mark CLADE_API, with a
# symbol version where the linker has them.
. "$(dirname "$0")/lib.sh"
library=$build_dir/.libs/libclade.so
[ -e "$library" ] || { skip "no shared library in this build"; finish; }

exported=$(nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | LC_ALL=C sort -u)
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
if grep -q '^[^#]*version-script=.*libclade.map' "$build_dir/Makefile"; then
    bare=$(nm -D --defined-only "$library" | awk '$3 ~ /^clade_/ && $3 !~ /@@CLADE_[0-9]+\.[0-9]+$/ { print $3 }')
    if [ -z "$bare" ]; then pass; else fail "has no version: $bare"; fi
else
    skip "the linker has no symbol versions"
fi
for symbol in $declared; do
    if grep -qx "$symbol" <<<"$exported"; then pass; else fail "declares $symbol and does not export it"; fi
done
finish
