#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files over 400 lines are listed, over 700 fail. One case per file.
. "$(dirname "$0")/lib.sh"
cd "$source_dir" || exit 1
mapfile -t files < <(sources c h cl clh def sh awk py proto)
lengths=$(awk 'FNR == 1 && NR > 1 { print name, lines } { name = FILENAME; lines = FNR } END { print name, lines }' "${files[@]}")
awk '$2 > 400 && $2 <= 700 { print "long " $1 ": " $2 " lines, more than 400" }' <<<"$lengths"
judge_files "${files[@]}" < <(awk '$2 > 700 { print $1 ":" $2 ": more than 700 lines" }' <<<"$lengths")
finish
