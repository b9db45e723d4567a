#!/usr/bin/env bash
# R CMD check of the package as built from a clean copy of the sources: tools/check.sh python|none
# 0 errors, 0 warnings, 0 notes, or it fails. `none` is a machine where R finds no Python.
# All R tests run in it, or those whose files INTERTWINE_TESTS matches (tests/testthat.R).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
mode=${1:?python or none}

# Needs no answer from the world: the clock and the incoming checks ask servers.
export _R_CHECK_SYSTEM_CLOCK_=0 _R_CHECK_FUTURE_FILE_TIMESTAMPS_=false _R_CHECK_CRAN_INCOMING_=false
export _R_CHECK_FORCE_SUGGESTS_=true _R_CHECK_TESTS_NLINES_=0 R_PROFILE_USER=

# One build at a time, and none while a check reads its tarball; checks of one build may run side by side.
lock() { if command -v flock >/dev/null; then flock "$1" 8; fi; }
exec 8>.check.lock

# Both checks take the tarball of one build, so that each vignette is knitted once.
build() {
  local sources
  sources=$(tools/sources.sh hash DESCRIPTION NAMESPACE LICENSE .Rbuildignore R man inst python vignettes tests NEWS.md tools/without_docstrings.py)
  [ -f .check/built ] && [ "$(cat .check/built)" = "$sources" ] && return
  rm -rf .check
  mkdir -p .check
  tools/sources.sh copy .check/stage/intertwine
  "$root/.venv/bin/python" tools/without_docstrings.py .check/stage/intertwine/python
  if ! (cd .check && RETICULATE_PYTHON="$root/.venv/bin/python" R CMD build stage/intertwine >build.log 2>&1); then
    cat .check/build.log >&2
    echo "R CMD build failed (its output is above)" >&2
    exit 1
  fi
  printf '%s' "$sources" >.check/built
}

lock --exclusive
build
lock --shared
mkdir -p ".check/$mode"
case $mode in
  python) export RETICULATE_PYTHON="$root/.venv/bin/python" INTERTWINE_REQUIRE_PYTHON=true NOT_CRAN=true
    # The vignettes were run a moment ago, by the build.
    options=(--no-vignettes --no-build-vignettes) ;;
  none) unset RETICULATE_PYTHON RETICULATE_PYTHON_ENV VIRTUAL_ENV INTERTWINE_REQUIRE_PYTHON
    export INTERTWINE_PYTHON=none
    options=() ;;
  *) echo "check.sh: expected 'python' or 'none', not '$mode'" >&2; exit 2 ;;
esac
status=0
R CMD check --no-manual "${options[@]}" --output=".check/$mode" .check/intertwine_*.tar.gz || status=$?
if [ "$status" -ne 0 ] || ! grep -qx 'Status: OK' ".check/$mode/intertwine.Rcheck/00check.log"; then
  for log in ".check/$mode"/intertwine.Rcheck/{00install.out,tests/*.Rout.fail}; do
    if [ -f "$log" ]; then printf '\n--- %s\n' "$log"; tail -n 100 "$log"; fi
  done
  echo "R CMD check ($mode): not clean" >&2
  exit 1
fi
