#!/usr/bin/env bash
# The sources as git sees them (tracked, or new and not ignored), for builds from a clean copy:
#   tools/sources.sh list [PATH...]   their names, NUL-separated
#   tools/sources.sh hash [PATH...]   one hash of their names and contents
#   tools/sources.sh copy FOLDER      a copy that keeps links
# `R CMD build` would copy the whole root, environments included, before it ignores anything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

list() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard -- "$@"
  else # an unpacked archive
    find "${@:-.}" \( -name '.venv*' -o -name .Rlib -o -name __pycache__ \) -prune -o \( -type f -o -type l \) -print0
  fi | sort -zu | while IFS= read -r -d '' file; do
    if [ -e "$file" ] || [ -L "$file" ]; then printf '%s\0' "$file"; fi
  done
}

command=${1:?list, hash or copy}
shift
case $command in
  list) list "$@" ;;
  hash) list "$@" | tar --null --no-recursion -T - --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - | sha256sum ;;
  copy)
    mkdir -p "${1:?folder}"
    list | tar --null --no-recursion -T - -cf - | tar -xf - -C "$1"
    ;;
  *) echo "sources.sh: unknown command '$command'" >&2; exit 2 ;;
esac
