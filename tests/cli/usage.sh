#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The command line: help, version, and everything that ends with exit code 2.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/cli/cli.sh"

version=$(sed -n 's/^AC_INIT(\[clade\], \[\(.*\)\])$/\1/p' "$source_dir/configure.ac")
expect 0 "^clade ${version//./\\.}\$" --version
expect 0 '^usage: clade COMMAND' --help
expect 0 "^clade ${version//./\\.}\$" version
expect 0 "^clade ${version//./\\.}\$" -V
expect 0 'exit codes:' help
expect 2 "no command 'fly'" help fly
expect 2 '^usage: clade COMMAND'
expect 2 "no command 'fly'" fly
for command in devices info run test bench dump; do
    expect 0 "^  $command " --help
    expect 0 "^usage: clade $command " "$command" --help
    expect 0 "^usage: clade $command " help "$command"
    expect 2 "no option '--fly'" "$command" --fly
    expect 2 "no option '-x'" "$command" -x
    expect 2 "no option '-vx'" "$command" -vx
done
expect 2 'no arguments' devices one
expect 2 'expected MODEL, got 0' info
expect 2 'expected MODEL, got 2' info one two
expect 2 'expected DIR' test
expect 2 'takes no value' devices --json=yes
expect 2 'name of a directory' run model.onnx --output=
expect 2 '--device needs a value' info model.onnx --device
expect 2 'whole number of at least 1' bench --runs 0 model.onnx
expect 2 'whole number of at least 1' bench --runs 1x model.onnx
expect 2 'whole number of at least 1' bench --runs=-3 model.onnx
expect 2 'number of at least 0' test --rtol -1 "$cases/count"
expect 2 'number of at least 0' test --atol nan "$cases/count"
expect 2 "no format 'txt'" run --format txt model.onnx
# Stated capabilities: what is not one, no number, or more than the device has.
expect 3 "no capability 'grup=64'; there are cpu, gpu, group=N" dump --as gpu,grup=64 "$source_dir/tests/data/mlp.onnx"
expect 3 "'group=x' is no number" dump --as group=x "$source_dir/tests/data/mlp.onnx"
expect 3 "'group=0' is no number" dump --as group=0 "$source_dir/tests/data/mlp.onnx"
expect 3 "'local=99999999999' is more than the device's" dump --as local=99999999999 "$source_dir/tests/data/mlp.onnx"
# Without a device anything sensible may be stated, and nothing runs.
none=(--device none --as)
expect 3 "'local=99999999999' is more than any device's 1073741824" dump "${none[@]}" gpu,local=99999999999 "$source_dir/tests/data/mlp.onnx"
expect 3 "'fp64=2' is more than any device's 1" dump "${none[@]}" gpu,fp64=2 "$source_dir/tests/data/mlp.onnx"
expect 3 "no capability 'subgrup=32'; there are cpu, gpu, group=N" dump --programs . --as gpu,subgrup=32 "$source_dir/tests/data/mlp.onnx"
expect 3 "'none' is what it is stated to be: cpu or gpu" dump --programs . --as group=64 "$source_dir/tests/data/mlp.onnx"
expect 3 "'none' is what it is stated to be: cpu or gpu" dump --device none "$source_dir/tests/data/mlp.onnx"
expect 4 "nothing runs on device 'none'" bench "${none[@]}" gpu "$source_dir/tests/data/mlp.onnx"
expect 1 "nothing runs on device 'none'" test "${none[@]}" cpu "$cases/count"
# An argument after -- is no option.
expect 3 'no-such-model' info -- --no-such-model
# Every option that a command lists is in the manual.
for option in $(for c in devices info run test bench dump; do "$clade" $c --help; done | grep -oE -- '--[a-z0-9-]+' | sort -u); do
    if grep -qE -- "Fl -${option#--}( |\$)" "$source_dir/man/clade.1"; then pass; else fail "$option is not in clade(1)"; fi
done
if command -v mandoc >/dev/null; then
    if said=$(mandoc -Tlint -Wwarning "$source_dir/man/clade.1"); then pass; else fail "clade(1): $said"; fi
fi
finish
