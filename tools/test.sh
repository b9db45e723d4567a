#!/usr/bin/env bash
# All tests of both languages, two parts at a time; a failing part does not hide the others. Each part's output comes whole.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

make --no-print-directory setup || exit 1
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
began=$SECONDS

run() { # run PART [VARIABLE=VALUE...]: writes its output, its verdict and its time
  local part=$1 started=$SECONDS verdict=FAILED
  printf '==== make %s begins\n' "$part"
  make --no-print-directory "$@" >"$logs/$part.out" 2>&1 && verdict=ok
  printf '%-18s %-7s %4d s\n' "$part" "$verdict" $((SECONDS - started)) >"$logs/$part.verdict"
}

report() { # report PART...
  for part in "$@"; do
    printf '\n==== make %s\n' "$part"
    cat "$logs/$part.out"
  done
}

# The Python tests use both cores themselves; what comes after them is one process each, so two run side by side, the longest first.
# test-r runs all R tests of these sources; the check repeats those of the built package: its files, its start, its code for others.
run test-python
report test-python
export -f run
export logs
printf '%s\n' test-r check-r-nopython "check-r INTERTWINE_TESTS='^(install|names|python|no-|sitrep|walk|save)'" \
  'test-numpy2 WORKERS=0' test-bridge | xargs -P 2 -d '\n' -I {} bash -c 'run {}'
report test-numpy2 test-bridge test-r check-r check-r-nopython

printf '\n'
cat "$logs"/*.verdict
printf '%-18s %12d s\n' altogether $((SECONDS - began))
! grep -q FAILED "$logs"/*.verdict
