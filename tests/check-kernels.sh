#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Helpers of cl/ are static: of an `inline` that is not, a compiler which chooses not to inline it wants a definition elsewhere. One
# case per file.
. "$(dirname "$0")/lib.sh"
cd "$source_dir" || exit 1
mapfile -t files < <(sources cl clh)
judge_files "${files[@]}" < <(awk '
    /^[ \t]*([A-Za-z_0-9]+ +)+NAME\([a-z_0-9]+\)\(/ && !/static |return |else / { print FILENAME ":" FNR ": a helper that is not static" }' "${files[@]}")
finish
