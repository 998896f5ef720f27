#!/usr/bin/env bash
# Trains twice into folders that are thrown away and compares every byte. Arguments go to train.sh, but for --version and --out.
set -euo pipefail
export ASSAY_CALLER_CWD="${ASSAY_CALLER_CWD:-${INIT_CWD:-$PWD}}"
cd "$(dirname "$0")"

folders=$(mktemp -d)
trap 'rm -rf "$folders"' EXIT
for run in first second; do
  bash train.sh "$@" --version 0.0.1 --out "$folders/$run" >&2
done
diff --recursive "$folders/first" "$folders/second"
(cd "$folders/first" && find . -type f -print0 | sort -z | xargs -0 sha256sum)
echo "check-twice: the same bytes twice"
