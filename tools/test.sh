#!/usr/bin/env bash
# All tests of both languages, one after the other; a failing part does not hide the ones after it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

make --no-print-directory setup || exit 1
summary='' failed=0
for part in test-python test-numpy2 test-bridge test-r check-r check-r-nopython; do
  printf '\n==== make %s\n' "$part"
  started=$SECONDS
  if make --no-print-directory "$part"; then verdict=ok; else verdict=FAILED failed=1; fi
  summary+=$(printf '%-18s %-7s %4d s' "$part" "$verdict" $((SECONDS - started)))$'\n'
done
printf '\n%s' "$summary"
exit "$failed"
