#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The C in README.md and docs/guide.md compiles and runs as it stands there: every block, in the setting snippets.c gives it.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/env.sh"
need pkg-config
library=$build_dir/.libs/libclade.so
[ -e "$library" ] || { skip "no shared library in this build"; finish; }
scratch=$build_dir/tests/scratch/snippets
rm -rf "$scratch"
mkdir -p "$scratch"
cp "$test_dir/data/mlp.onnx" "$scratch/model.onnx"

for page in README.md docs/guide.md; do
    awk -v to="$scratch/$(basename "$page")." '/^```c$/ { out = to (n += 1); next } /^```/ { out = ""; next } out { print > out }' \
        "$source_dir/$page"
done
for block in "$scratch"/*.md.*; do
    name=$(basename "$block")
    if grep -qx "#include \"$name\"" "$test_dir/docs/snippets.c"; then pass; else fail "$name is in no function of snippets.c"; fi
done

# Statuses are looked at once, behind each block.
# shellcheck disable=SC2046
if "${CC:-gcc}" -std=c11 -Wall -Wextra -Werror -Wno-unused-result -I"$scratch" -I"$source_dir/include" \
    "$test_dir/docs/snippets.c" -o "$scratch/snippets" "$library" -Wl,-rpath,"$build_dir/.libs" \
    $(pkg-config --cflags --libs OpenCL) -Wno-deprecated-declarations; then
    pass
else
    fail "a block does not compile"
    finish
fi
if (cd "$scratch" && ./snippets); then pass; else fail "a block does not run"; fi
finish
