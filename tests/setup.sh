#!/bin/sh
# setup.sh VENV: makes the virtual environment VENV and installs the lock and this project (editable) into it.
# PYTHON names the Python to use; else the first one that will do is taken.
set -eu
venv=$1

say() { printf '%s\n' "$*" >&2; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

find_python() {
  unfit=""
  for python in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3 python}; do
    new_enough "$python" || continue
    if has_venv "$python"; then
      printf '%s\n' "$python"
      return
    fi
    unfit=$python
  done
  if [ -n "$unfit" ]; then
    say "$unfit has no venv module: install it (Debian and Ubuntu: apt install python3-venv), or name another Python: make PYTHON=/path/to/python."
  elif [ -n "${PYTHON:-}" ]; then
    say "$PYTHON is no Python 3.11 or newer."
  else
    say "No Python 3.11 or newer was found: install one, or name it: make PYTHON=/path/to/python."
  fi
  return 1
}

if ! new_enough "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  python=$(find_python)
  say "Making $venv with $("$python" --version)."
  "$python" -m venv --clear "$venv"
fi
[ -w "${HOME:-/nonexistent}" ] || export PIP_NO_CACHE_DIR=1
say "Installing what requirements.lock names (about half a minute the first time)."
"$venv/bin/python" -m pip install --quiet --require-hashes --only-binary :all: -r requirements.lock
# Hatchling is in the lock: without isolation nothing unpinned is fetched to build the project.
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
