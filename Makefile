# The two commands of the README are `make report` and `make test`; each sets up .venv by itself.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)

# What `make report` analyses; override any of them on the command line.
ARCH   ?= mlp(3,2,1; x^2; bias)
DATA   ?= src/neurovariety/examples/penguins.csv
TARGET ?= body_mass_g
SEED   ?= 0
HTML   ?=
OPTIONS ?=

# What `make test-one` runs, and more words for pytest in any of the test targets.
T      ?= tests
ARGS   ?=

# What JAX compiles is kept: tests, the commands they start, and the cells of the documentation need not compile it again.
export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/.pytest_cache/jax
export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS ?= 0.3

# So is what Python compiles, also where the environment says otherwise: each process would read 100,000 lines anew.
unexport PYTHONDONTWRITEBYTECODE

# Worker processes run one thread each: on few cores more threads only wait for each other.
PYTEST := OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python -m pytest

# `make report` says what the program says and adds no line of its own where that is a refusal: so it is in question mode (-q) alone, in
# which what is marked `+` runs all the same and a status of 1 is an answer.
ifeq ($(MAKECMDGOALS)$(findstring n,$(firstword -$(MAKEFLAGS))),report)
MAKEFLAGS += q
RUN := +
endif

.DEFAULT_GOAL := help
.PHONY: help install report check test test-one opponents before lint types kernels docs shape wheel pages benchmark clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	$(RUN)@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(RUN)@echo "neurovariety: installing into $(VENV) (once, some minutes)" >&2
	$(RUN)@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,docs]'
	$(RUN)@$(BIN)/python -m tools.kernels
	$(RUN)@touch $@

install: $(STAMP) ## create .venv and install everything, pinned

# A word for the shell as the user wrote it: quotes, spaces and dollar signs stand for themselves.
quoted = '$(subst ','\'',$(value $(1)))'

report: $(STAMP) ## the dictionary report of ARCH on DATA, target column TARGET
	$(RUN)@$(BIN)/neurovariety report $(call quoted,ARCH) --data $(call quoted,DATA) --target $(call quoted,TARGET) --seed $(call quoted,SEED) \
	  $(if $(value HTML),--html $(call quoted,HTML)) $(value OPTIONS) || exit 1

check: before ## before a commit: lint, types, and the tests that are not marked slow
	HYPOTHESIS=check $(PYTEST) -n $(JOBS) -m 'not slow' $(ARGS)

test: before ## before a merge: lint, types, every test, the documentation
	$(PYTEST) -n $(JOBS) $(ARGS)
	$(MAKE) --no-print-directory docs

before: $(STAMP)
	@$(MAKE) --no-print-directory -j $(JOBS) lint types kernels

kernels: $(STAMP)
	$(BIN)/python -m tools.kernels

test-one: $(STAMP) ## the tests in T (a file, a folder, a file::test) in this process, slow ones too
	$(PYTEST) $(T) $(ARGS)

opponents: $(STAMP) ## every complete count up to 500 against msolve, Macaulay2 and Singular, those that are here (may take hours)
	NEUROVARIETY_OPPONENTS=1 $(PYTEST) -n $(JOBS) tests/opponents/test_counts.py $(ARGS)

lint: $(STAMP) ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy
	$(BIN)/mypy

docs: $(STAMP) ## the documentation, strict; cells of changed pages are executed, and all of them when the code changed
	$(BIN)/python -m sphinx -W --keep-going -q -j $(JOBS) -b html docs docs/_build/html

shape: $(STAMP) ## figures of the source: Any, long functions, circles, doubles
	@$(BIN)/python -m tools.shape

wheel: $(STAMP) ## build the wheel, install it alone (Python 3.11, 3.12, 3.13 where present) and use it
	$(BIN)/python -m tools.wheel

pages: docs ## a report and ten pages of the documentation in Chromium: accessible, nothing cut off, no requests (needs chromium, npm)
	@test -x .venv-browser/bin/python || $(PYTHON) -m venv .venv-browser
	@.venv-browser/bin/python -m pip install --quiet --disable-pip-version-check 'playwright>=1.50'
	@npm install --silent --no-audit --no-fund --no-save --prefix .venv-browser 'axe-core@4'
	@mkdir -p build
	$(BIN)/neurovariety report $(call quoted,ARCH) --data $(call quoted,DATA) --target $(call quoted,TARGET) --html build/report.html > /dev/null
	.venv-browser/bin/python -m tools.pages build/report.html docs/_build/html

benchmark: $(STAMP) ## speed beside the peers that are installed; writes benchmarks/results/
	@test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check bertini2 || echo "neurovariety: no Bertini 2 here" >&2
	$(BIN)/python -m benchmarks

clean: ## remove .venv and everything built
	rm -rf $(VENV) .venv-peers .venv-browser build docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis
