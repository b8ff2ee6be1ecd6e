#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ONNX's own test cases: what is supported agrees, what is not is refused, nothing else happens.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/onnx/cases.sh"
at_least=983
run_standard
[ -d "$onnx_data" ] && [ "$passed" -lt "$at_least" ] && fail "$passed cases pass, fewer than $at_least"
finish
