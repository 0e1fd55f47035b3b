# The two commands of the README are `make report` and `make test`; each sets up .venv by itself.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)

# What `make report` analyses; override any of them on the command line.
ARCH   ?= mlp(3,2,1; x^2; bias)
DATA   ?= examples/penguins.csv
TARGET ?= body_mass_g
SEED   ?= 0
HTML   ?=

.DEFAULT_GOAL := help
.PHONY: help install report test lint types docs benchmark clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "neurovariety: installing into $(VENV) (once)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,docs]'
	@touch $@

install: $(STAMP) ## create .venv and install everything, pinned

report: $(STAMP) ## the dictionary report of ARCH on DATA, target column TARGET
	@$(BIN)/neurovariety report '$(ARCH)' --data '$(DATA)' --target '$(TARGET)' --seed $(SEED) $(if $(HTML),--html '$(HTML)')

test: lint types $(STAMP) ## lint, types, tests and documentation
	$(BIN)/python -m pytest -n $(JOBS)
	$(MAKE) --no-print-directory docs

lint: $(STAMP) ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy
	$(BIN)/mypy

docs: $(STAMP) ## the documentation, strict, with its notebooks executed
	$(BIN)/python -m sphinx -W --keep-going -q -j $(JOBS) -b html docs docs/_build/html

benchmark: $(STAMP) ## speed beside the peers that are installed; writes benchmarks/results/
	@test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check bertini2 || echo "neurovariety: no Bertini 2 here" >&2
	$(BIN)/python -m benchmarks

clean: ## remove .venv and everything built
	rm -rf $(VENV) .venv-peers docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis
