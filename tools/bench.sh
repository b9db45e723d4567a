#!/usr/bin/env bash
# Every benchmark, one after the other, with the time that it took: tools/bench.sh [NAME]...
# A failing one does not hide those after it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# These import peers beside intertwine. The others run in .venv, which has scikit-learn's photographs and lightning.
BESIDE_PEERS=" first_light grids groups growth layers plane points space "
# These take hours and images of another package: their first lines say how to run them.
BY_HAND=" segmentation "

[ $# -gt 0 ] || set -- benchmarks/*.py benchmarks/*.R
summary='' failed=0
for script in "$@"; do
  [ -f "$script" ] || script=$(ls benchmarks/"$script".{py,R} 2>/dev/null | head -1)
  [ -f "$script" ] || { echo "bench.sh: there is no such benchmark" >&2; exit 2; }
  name=$(basename "${script%.*}")
  case $BY_HAND in *" $name "*)
    summary+=$(printf '%-28s %-7s' "$script" 'by hand')$'\n'
    continue ;;
  esac
  case $script in
    *.R) command=(Rscript "$script") ;;
    *equivariance.py) command=(.venv/bin/python "$script" --peers .venv-peers/bin/python) ;;
    *) case $BESIDE_PEERS in
      *" $name "*) command=(.venv-peers/bin/python "$script") ;;
      *) command=(.venv/bin/python "$script") ;;
    esac ;;
  esac
  printf '\n==== %s\n' "$script"
  started=$SECONDS
  if "${command[@]}"; then verdict=ok; else verdict=FAILED failed=1; fi
  summary+=$(printf '%-28s %-7s %5d s' "$script" "$verdict" $((SECONDS - started)))$'\n'
done
printf '\n%s' "$summary"
exit "$failed"
