# Everything a newcomer needs: `make demo`, then `make test`. Needs Python 3.11 or newer; the rest installs itself in .venv.

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
DEMO_ARGS ?=
PYTEST_ARGS ?=
BENCH_ARGS ?= --quick

BIN := $(VENV)/bin
LIBRARY := $(shell find stresslab -name '*.py' -o -name '*.toml')

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test docs bench format clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/.has-run ## stress a synthetic loan book; DEMO_ARGS="..." is handed on
	$(BIN)/stresslab demo $(DEMO_ARGS)

test: $(VENV)/.has-test ## style, types, tests and the examples in docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@find stresslab -name '*.nb[ic]' -delete # a compiled kernel does not notice a change in a function that it calls
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

docs: $(VENV)/.has-docs docs/_build/.library ## the pages, with every notebook and example run; warnings are errors
	$(BIN)/sphinx-build -q -W -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

bench: $(VENV)/.has-bench ## speed of the engine on this machine
	$(BIN)/asv machine --yes >/dev/null
	$(BIN)/asv run --python=same --show-stderr $(BENCH_ARGS)

format: $(VENV)/.has-test ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the environment and everything built
	rm -rf $(VENV) docs/_build docs/gallery docs/api/generated

# A marker for each set of packages, so that only a change of pyproject.toml installs again.
$(VENV)/.has-run: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.has-%: pyproject.toml | $(BIN)/pip
	$(BIN)/pip install --quiet --editable ".[$*]"
	@touch $@

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "stresslab needs Python 3.11 or newer; found: $$($(PYTHON) --version 2>&1)."; \
	    echo "Name another one: make PYTHON=/path/to/python3.12 ..."; exit 1; } >&2
	@echo "making $(VENV) and installing packages into it: a minute or two, once"
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "python -m venv failed; Debian and Ubuntu keep it in the package python3-venv." >&2; exit 1; }

# Pages computed with an older library are stale: run them all again.
docs/_build/.library: $(LIBRARY)
	rm -rf docs/_build docs/gallery docs/api/generated
	@mkdir -p $(@D) && touch $@
