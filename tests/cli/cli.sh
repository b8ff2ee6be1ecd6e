# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# Sourced after lib.sh by tests of the command: runs it, looks at its exit code and at what it says.
. "$test_dir/env.sh"
clade=$build_dir/clade
cases=$test_dir/data/cases
deeplob=$source_dir/examples/orderbook/deeplob_fi2010.onnx
scratch=$build_dir/tests/scratch/$(basename "$0" .sh)
rm -rf "$scratch"
mkdir -p "$scratch"

# expect CODE REGEX ARGUMENT...: `clade ARGUMENT...` exits with CODE, and one of its lines (of both streams) matches REGEX.
expect() {
    local code=$1 regex=$2 said status
    shift 2
    said=$("$clade" "$@" 2>&1 </dev/null)
    status=$?
    if [ "$status" != "$code" ]; then
        fail "clade $*: exit code $status, not $code: $(head -n 3 <<<"$said")"
    elif ! grep -qE -- "$regex" <<<"$said"; then
        fail "clade $*: nothing matches '$regex' in: $(head -n 5 <<<"$said")"
    else
        pass
    fi
}

# expect_json EXPRESSION ARGUMENT...: standard output of `clade ARGUMENT...` is one JSON document d for which the Python
# expression holds.
expect_json() {
    local expression=$1 said
    shift
    if ! command -v python3 >/dev/null; then skip "python3 is not installed: clade $*"; return; fi
    if said=$("$clade" "$@" 2>&1 >"$scratch/document.json") &&
        said=$(python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert eval(sys.argv[2]), json.dumps(d)[:600]' "$scratch/document.json" "$expression" 2>&1); then
        pass
    else
        fail "clade $*: not $expression: $(tail -n 1 <<<"$said")"
    fi
}
