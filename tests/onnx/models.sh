#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whole models from elsewhere (CLADE_SHARED/models): each agrees with its stored outputs; the two that are not valid ONNX are
# refused with a line that names a node and the reason.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/onnx/cases.sh"
declare -A must_refuse=([fns_candy]='Crop|ImageScaler|Affine' [qs_deeptrans_broken]='Erfc|dangling|pos_add')
[ -n "$CLADE_SHARED" ] || { skip "no models beside the source tree"; finish; }
models=()
for model in "$CLADE_SHARED"/models/*/; do
    name=$(basename "$model")
    [ -n "${must_refuse[$name]:-}" ] || models+=("$name")
done
run_models "${models[@]}"
for name in "${!must_refuse[@]}"; do
    said=$("$clade" test "$CLADE_SHARED/models/$name" 2>>"$errors" | grep -v '^[0-9]')
    if [[ $said =~ ^refused && $said =~ ${must_refuse[$name]} ]]; then pass; else fail "$name: \"$said\""; fi
done
finish
