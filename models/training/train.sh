#!/usr/bin/env bash
# Makes the pinned Python environment where it is missing or outdated, then trains. Arguments go to train.py.
set -euo pipefail
cd "$(dirname "$0")"
readonly VENV=.venv

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.11 python3; do
    [ -n "$candidate" ] || continue
    "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && { echo "$candidate"; return; }
  done
  echo "train: Python 3.11 is needed (Debian 12: apt-get install python3 python3-venv), or set PYTHON to one" >&2
  exit 1
}

if ! cmp -s requirements.txt "$VENV/installed.txt"; then
  python=$(find_python)
  echo "train: installing the pinned packages into models/training/$VENV" >&2
  rm -rf "$VENV"
  "$python" -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: -r requirements.txt
  cp requirements.txt "$VENV/installed.txt"
fi

# One thread everywhere: sums in another order are other sums.
export OMP_NUM_THREADS=1 PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
export ASSAY_CALLER_CWD="${ASSAY_CALLER_CWD:-${INIT_CWD:-$OLDPWD}}"
exec "$VENV/bin/python" train.py "$@"
