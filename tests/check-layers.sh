#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The floors of lib/README.md as a search: who includes whom, where OpenCL, CLBlast and other libraries may appear, where
# vendors may be named. One case per file.
. "$(dirname "$0")/lib.sh"
cd "$source_dir" || exit 1
mapfile -t files < <(sources c h cl clh proto)
judge_files "${files[@]}" < <(awk -f "$test_dir/check-layers.awk" "${files[@]}")
finish
