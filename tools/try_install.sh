#!/usr/bin/env bash
# Installs both packages as the README says, each into an environment of its own, and runs the README's programs there.
# TORCH_INDEX_URL as for tools/setup.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
tools/sources.sh copy "$place/sources"

say() { printf '==> %s\n' "$*"; }
program() { # program LANGUAGE: the README's program in that language
  sed -n "/^## A first program/,/^## /{/^\`\`\`$1\$/,/^\`\`\`\$/p}" README.md | sed '1d;$d'
}

say "Python: a new environment with the wheel and its extras train and data"
"$(sed -n 's/^home = //p' .venv/pyvenv.cfg)/python3" -m venv "$place/venv"
pip=("$place/venv/bin/python" -m pip install -q --disable-pip-version-check)
torch=$(sed -n 's/^torch==//p' constraints.txt)
# The build for CPUs first, where the index has it: the default one brings gigabytes of CUDA.
"${pip[@]}" ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"} "torch==$torch+cpu" || "${pip[@]}" "torch==$torch"
"${pip[@]}" "torch==$torch" "$place/sources[train,data]"
mkdir "$place/python"
program python >"$place/python/program.py"
(cd "$place/python" && PYTHONPATH='' "$place/venv/bin/python" program.py)
[ -s "$place/python/digits.safetensors" ]

say "R: a new library with the package, and that environment as its Python"
mkdir "$place/library" "$place/r"
R_PROFILE_USER='' R CMD INSTALL --no-docs --library="$place/library" "$place/sources" >"$place/log" 2>&1 || { cat "$place/log"; exit 1; }
"${pip[@]}" 'numpy<2' "$place/sources[train,plot,data,study]" "torch==$torch"
program r >"$place/r/program.R"
(cd "$place/r" && env -u INTERTWINE_PYTHON_PATH -u RETICULATE_PYTHON R_LIBS="$place/library" INTERTWINE_PYTHON="$place/venv/bin/python" Rscript program.R)
[ -s "$place/r/digits.safetensors" ]
say "both programs ran"
