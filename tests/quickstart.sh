#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# ./quickstart up to where it needs the network: help, wrong words, what it says about packages, and that something moves.
# A whole one is in docs/commands.sh.
. "$(dirname "$0")/lib.sh"
scratch=$build_dir/tests/scratch/quickstart
rm -rf "$scratch"
mkdir -p "$scratch/bin"
cp "$source_dir/quickstart" "$scratch/"
# A machine of our own: who we are, which packages there are, and what apt-get does.
stub() { printf '#!/bin/sh\n%s\n' "$2" >"$scratch/bin/$1" && chmod +x "$scratch/bin/$1"; }
stub dpkg-query 'case "$*" in *libcsv-dev*) echo not-installed;; *) echo installed;; esac'
stub apt-get 'echo "apt-get $*" >>'"$scratch"'/asked; echo "Get:1 a package"; sleep 3; exit 1'
export PATH="$scratch/bin:$PATH"

# says CODE REGEX ARGUMENT...
says() {
    local code=$1 regex=$2 said status
    shift 2
    said=$("$scratch/quickstart" "$@" 2>&1 </dev/null)
    status=$?
    if [ "$status" = "$code" ] && grep -qE -- "$regex" <<<"$said"; then
        pass
    else
        fail "quickstart $*: exit code $status, not $code, or nothing matches '$regex' in: $said"
    fi
}

for word in --help -h help; do
    says 0 '^./quickstart install ' $word
done
says 2 "^quickstart: there is no 'instal'" instal
says 2 "^quickstart: there is no 'check --deeply'" check --deeply
stub id 'echo 1000'
says 2 '^  sudo apt-get update && sudo apt-get install --no-install-recommends libcsv-dev$'
if [ ! -e "$scratch/asked" ]; then pass; else fail "asked without the right to: $(cat "$scratch/asked")"; fi
stub id 'echo 0'
says 1 '^apt-get update failed; the end of .*quickstart\.log:$'
if [ "$(cat "$scratch/asked")" = 'apt-get update' ]; then pass; else fail "apt-get was asked: $(cat "$scratch/asked")"; fi

# On a terminal a line with the seconds and the end of the log rewrites itself; elsewhere nothing of the kind.
says 1 '^      installing libcsv-dev$'
if "$scratch/quickstart" 2>&1 | grep -q $'\r'; then fail "movement without a terminal"; else pass; fi
if ! command -v script >/dev/null; then
    skip "script is not installed: movement on a terminal"
elif script -qec "$scratch/quickstart" /dev/null </dev/null 2>&1 | tr '\r' '\n' | grep -cE ' [0-9]+ s  Get:1 a package' |
    grep -qE '^[2-9]'; then
    pass
else
    fail "nothing moves on a terminal"
fi

# The count is of the suite's own tests, not of those that a test runs in a tree of its own.
mkdir -p "$scratch/build/examples/orderbook" "$scratch/build/tests/scratch" "$scratch/tests"
cp "$source_dir/tests/summary.awk" "$scratch/tests/"
echo "'--enable-tests'" >"$scratch/build/config.status"
for program in configure build/examples/orderbook/orderbook; do
    printf '#!/bin/sh\n' >"$scratch/$program" && chmod +x "$scratch/$program"
done
stub dpkg-query 'echo installed'
stub make 'for test in one scratch/other; do
    echo ":global-test-result: PASS" >build/tests/$test.trs
    echo "2 passed, 0 failed, 0 skipped" >build/tests/$test.log
done'
says 0 '^2 passed, 0 failed, 0 skipped$' check
finish
