# Every target does the set-up that it needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# A bare machine has no locale, and R would print letters as codes.
export LC_ALL ?= C.UTF-8

ROOT := $(CURDIR)
PYTHON_BIN := .venv/bin/python
# For R that starts elsewhere than in the root, where .Rprofile does this.
R_ENV := R_LIBS=$(ROOT)/.Rlib
RETICULATE := RETICULATE_PYTHON=$(ROOT)/.venv/bin/python
PYTEST := -m pytest -W error
# Two test processes, as many as the smallest machine has cores; 0 is none beside pytest itself.
WORKERS ?= 2
# Small arrays: more threads only cost time, and the results of a test must not hang on the number of cores.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: help setup setup-python demo test test-python test-numpy2 test-bridge test-r check-r check-r-nopython \
  fuzz test-slow test-peer test-install lint coverage docs bench all-targets clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## environments: .venv, .venv-numpy2 (Python) and .Rlib (R), and system packages when root on Debian
	@tools/setup.sh system venv numpy2 rlib

setup-python:
	@tools/setup.sh system venv numpy2

demo: setup ## the main job, from R: train on upright digits, test on turned ones
	@$(RETICULATE) Rscript examples/demo.R

test: ## all tests of both languages
	@tools/test.sh

test-python: setup-python ## Python tests and doctests
	@$(ONE_THREAD) $(PYTHON_BIN) $(PYTEST) -n $(WORKERS) --dist worksteal --doctest-modules python/intertwine tests/python \
	  --ignore tests/python/bridge

# What NumPy has a part in: groups, kernels, files, data, constants of layers. What torch alone decides is not run twice, and the
# cases of one test run through the same lines: one in so many of each (1 for all).
ONE_IN ?= 4
NUMPY_PARTS := $(addprefix tests/python/,group kernels gspaces fields models study \
  $(addprefix deploy/test_,roundtrip.py conversion.py whole.py) $(addprefix training/test_,files.py measures.py predict.py) \
  $(addprefix nn/test_,conv.py conv_space.py layers.py points.py low_error.py schur.py interface.py surroundings.py))

test-numpy2: setup-python ## with NumPy 2 the Python tests of what NumPy has a part in (all of their cases: ONE_IN=1)
	@$(ONE_THREAD) .venv-numpy2/bin/python $(PYTEST) -n $(WORKERS) --one-in $(ONE_IN) $(NUMPY_PARTS) -k "not compiles and not exports"

test-bridge: setup ## the crossing between R and Python, with NumPy 1 and 2 (R runs inside of Python here)
	@$(ONE_THREAD) $(R_ENV) RETICULATE_PYTHON=$(ROOT)/.venv/bin/python $(PYTHON_BIN) $(PYTEST) tests/python/bridge
	@$(ONE_THREAD) $(R_ENV) RETICULATE_PYTHON=$(ROOT)/.venv-numpy2/bin/python .venv-numpy2/bin/python $(PYTEST) tests/python/bridge

test-r: setup ## testthat, with Python required
	@$(ONE_THREAD) $(RETICULATE) INTERTWINE_REQUIRE_PYTHON=true Rscript tools/testthat.R

check-r: setup ## R CMD check of the built package, with Python
	@$(ONE_THREAD) tools/check.sh python

check-r-nopython: setup ## R CMD check of the built package, without Python
	@$(ONE_THREAD) tools/check.sh none

test-slow: setup-python ## the long tests
	@$(ONE_THREAD) $(PYTHON_BIN) $(PYTEST) -n $(WORKERS) -m slow tests/python

# Seeds and their number: make fuzz SEEDS="1 2" COUNT=50
SEEDS ?= 1 2 3 4 5 6 7 8 9 10
COUNT ?= 200

fuzz: setup-python ## random configurations of layers, spaces and settings, held to what the library promises
	@printf '%s\n' $(SEEDS) | $(ONE_THREAD) xargs -P $(WORKERS) -I SEED \
	  $(PYTHON_BIN) -m tests.python.fuzz --seed SEED --count $(COUNT)

test-peer: ## tests against peer libraries
	@tools/setup.sh system peers
	@.venv-peers/bin/python -m pip install --quiet -c constraints-peers.txt pytest hypothesis
	@$(ONE_THREAD) .venv-peers/bin/python $(PYTEST) -m peer tests/python

test-install: setup-python ## both packages into new environments, as the README says, and its programs there
	@tools/try_install.sh

lint: setup ## ruff, pyright, lintr, spelling, grammar and workflows (one of them: tools/lint.sh prose)
	@tools/setup.sh node
	@tools/lint.sh

coverage: setup-python ## which lines of the Python code its tests run (coverage.xml, and a table of what is below 90 %)
	@$(ONE_THREAD) $(PYTHON_BIN) $(PYTEST) -n $(WORKERS) --cov --cov-report=xml --cov-report=term:skip-covered \
	  tests/python --ignore tests/python/bridge

docs: setup ## man/ and NAMESPACE by roxygen; web pages of both languages in site/
	@tools/setup.sh docs
	@$(RETICULATE) Rscript tools/document.R
	@$(RETICULATE) Rscript tools/site.R
	@.venv/bin/python -m pdoc --docformat google --output-directory site/python intertwine
	@.venv/bin/python tools/check_links.py site/r

bench: setup ## benchmarks, side by side with peers; each prints a table
	@tools/setup.sh system peers
	@$(ONE_THREAD) $(RETICULATE) tools/bench.sh

all-targets: ## every target, one after the other, each with its time (hours; for a schedule)
	@tools/all_targets.sh

clean: ## removes what the targets make, environments included
	rm -rf .venv .venv-numpy2 .venv-peers .Rlib .node .check .check.lock .setup.lock .pytest_cache .hypothesis .ruff_cache .coverage coverage.xml site dist demo-output
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
