#!/bin/sh
# parts.sh PART…: runs parts of the gate one after the other, each to its end whatever the others do; then says how long
# each took, and ends in pytest's closing lines. Exit 1 if a part failed.
#
# format lint types imports   the static parts
# FOLDER                      tests/FOLDER on PostgreSQL 18 from the wheel
# FOLDER@VERSION              the same on another version, from Debian's package
#
# A folder has a budget; PATIENCE is how many times that it may take before it is stopped (3 by default).
set -u
cd "$(dirname "$0")/.." || exit 1
python=.venv/bin/python
logs=.cache/parts
mkdir -p "$logs"
patience=${PATIENCE:-3}
colour=no
[ -t 1 ] && colour=yes

budget_s() {
  case $1 in
    unit | actors) echo 120 ;;
    integration | conformance) echo 360 ;;
    container) echo 600 ;;
    *) echo 300 ;;
  esac
}

run_tests() { # FOLDER VERSION
  if [ -z "$(find "tests/$1" -name 'test_*.py' 2>/dev/null | head -n 1)" ]; then
    echo "tests/$1 has no tests."
    return 0
  fi
  limit=$(($(budget_s "$1") * patience))
  ETL_TEST_POSTGRES=$2 timeout --foreground --kill-after=15 "$limit" "$python" -m pytest --color="$colour" "tests/$1"
  code=$?
  [ $code -eq 124 ] && echo "tests/$1 was stopped after $limit s."
  return $code
}

run_tests_on() { # FOLDER VERSION
  if [ -x "/usr/lib/postgresql/$2/bin/postgres" ]; then
    run_tests "$1" "$2"
  elif [ "${CI:-}" = true ]; then
    echo "PostgreSQL $2 is not in /usr/lib/postgresql/$2: CI needs it (apt install postgresql-$2)."
    return 1
  else
    echo "PostgreSQL $2 is not in /usr/lib/postgresql/$2: tests/$1 is not run on it."
  fi
}

run_part() {
  case $1 in
    format) "$python" -m ruff format --check . ;;
    lint) "$python" -m ruff check . ;;
    types) "$python" -m mypy ;;
    imports) "$python" -c 'from importlinter.cli import lint_imports_command as lint; lint(["--no-logo"])' ;;
    *@*) run_tests_on "${1%@*}" "${1#*@}" ;;
    *) run_tests "$1" 18 ;;
  esac
}

failed=""
times=""
closing=""
for part in "$@"; do
  printf '\n--- %s\n' "$part"
  log=$logs/$part.log
  began=$(date +%s)
  { run_part "$part" 2>&1; echo $? >"$log.code"; } | tee "$log"
  took=$(($(date +%s) - began))
  outcome=ok
  if [ "$(cat "$log.code")" -ne 0 ]; then
    outcome=FAILED
    failed="$failed $part"
  fi
  times=$times$(printf '%-16s %4d s  %s' "$part" "$took" "$outcome")'
'
  last=$(tail -n 1 "$log")
  case $last in
    *=====*) closing="$closing$last
" ;;
  esac
done

printf '\n%s' "$times"
[ -n "$failed" ] && printf 'Failed:%s\n' "$failed"
printf '%s' "$closing"
[ -z "$failed" ]
