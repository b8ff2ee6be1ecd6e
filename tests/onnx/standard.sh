#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ONNX's own test cases: what is supported agrees, what is not is refused, nothing else happens.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/onnx/cases.sh"
at_least=450
[ -d "$onnx_data" ] || { skip "$onnx_data: install Debian's libonnx-testdata"; finish; }
run_cases "$onnx_data"/{node,pytorch-converted,pytorch-operator,simple}/*/
if [ "$passed" -lt "$at_least" ]; then fail "$passed cases pass, fewer than $at_least"; fi
finish
