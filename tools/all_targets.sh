#!/usr/bin/env bash
# Every target of the Makefile, whole, one after the other, with the time that each took. A failing one does not hide those
# after it. For a schedule: it takes hours.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Those that `test` runs are not run again; `clean` would remove what the others need.
LEFT_OUT=" help clean all-targets setup-python test-python test-numpy2 test-bridge test-r check-r check-r-nopython "

summary='' failed=0
while read -r target; do
  case $LEFT_OUT in *" $target "*) continue ;; esac
  printf '\n======== make %s\n' "$target"
  started=$SECONDS
  if make --no-print-directory "$target"; then verdict=ok; else verdict=FAILED failed=1; fi
  summary+=$(printf '%-12s %-7s %6d s' "$target" "$verdict" $((SECONDS - started)))$'\n'
done < <(sed -nE 's/^([a-z0-9-]+):.*/\1/p' Makefile)
printf '\n%s' "$summary"
exit "$failed"
