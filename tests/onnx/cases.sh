# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Sourced after lib.sh by tests that run `clade test` over folders of ONNX test cases and count its lines: `pass`
# counts as passed, `FAIL` as failed, `refused` (not supported, with the reason) as skipped. A case that ends the process
# fails, and the rest goes on in a new one.
. "$test_dir/env.sh"
clade=$build_dir/clade
onnx_data=${CLADE_ONNX_DATA:-/usr/share/libonnx-testdata/data} # Debian package libonnx-testdata
limit_s=3600                                                   # of one process
refusals_are_failures=0
test_options=() # of `clade test`
too_slow= # a file of cases not to run, each with its reason; empty: run all
errors=$build_dir/tests/$(basename "$0" .sh).stderr
: >"$errors"

# may_differ NAME: the reason why the case's stored output is no yardstick; fails for all others.
may_differ() {
    sed -n "s/^$1  *//p" "$test_dir/onnx/may-differ.txt" | grep .
}

judge() { # one line of `clade test`
    local verdict name rest reason
    read -r verdict name rest <<<"$1"
    name=$(basename "${name%:}")
    case $verdict in
    pass) pass ;;
    refused | skip) if [ "$refusals_are_failures" = 1 ]; then fail "$1"; else skipped=$((skipped + 1)); fi ;;
    *) if reason=$(may_differ "$name"); then skip "$name: $reason"; else fail "${1#FAIL }"; fi ;;
    esac
}

# run_cases DIRECTORY...
run_cases() {
    local pending=("$@") lines line answered status
    while [ ${#pending[@]} -gt 0 ]; do
        mapfile -t lines < <(
            timeout "$limit_s" "$clade" test "${test_options[@]}" ${too_slow:+--skip "$too_slow"} "${pending[@]}" 2>>"$errors"
            echo "status $?"
        )
        answered=0 status=
        for line in "${lines[@]}"; do
            case $line in
            pass* | FAIL* | refused* | skip*) judge "$line" && answered=$((answered + 1)) ;;
            'status '*) status=${line#status } ;;
            esac
        done
        [ "$answered" -lt ${#pending[@]} ] || break
        fail "${pending[answered]}: the process ended with status $status"
        pending=("${pending[@]:answered + 1}")
    done
}

# run_standard: ONNX's own cases.
run_standard() {
    if [ -d "$onnx_data" ]; then
        run_cases "$onnx_data"/{node,pytorch-converted,pytorch-operator,simple}/*/
    else
        skip "no $onnx_data: install Debian's libonnx-testdata"
    fi
}

# run_models NAME...: folders of CLADE_SHARED/models; here a refusal is a failure.
run_models() {
    [ -n "$CLADE_SHARED" ] || { skip "no models beside the source tree"; return; }
    refusals_are_failures=1
    run_cases "${@/#/$CLADE_SHARED/models/}"
    refusals_are_failures=0
}
