# SPDX-License-Identifier: Apache-2.0
# awk -v out=DIR -f merge.awk FILE.cl...: what `clade dump --programs` wrote for many models, as one program a family: DIR/FAMILY.cl
# with the headers once and each instance once.
FNR == 1 {
    family = FILENAME
    sub(/.*\//, "", family)
    fresh = !(family in begun)
    begun[family] = 1
}
/^#define INSTANCE / { fresh = !(seen[family, $3]++) }
fresh { print >(out "/" family) }
