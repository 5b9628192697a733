# Everything a newcomer needs: `make demo`, then `make test`. Needs Python 3.11 or newer; the rest installs itself in .venv.

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
DEMO_ARGS ?=
PYTEST_ARGS ?=
MUTATION_ARGS ?=
FUZZ_ARGS ?= --cases 10000
BENCH_ARGS ?= --quick

BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test test-all style docs browser fuzz kill mutation bench format clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(VENV)/.has-run ## stress a synthetic portfolio; DEMO_ARGS="..." is handed on
	$(BIN)/stresslab demo $(DEMO_ARGS)

test: style ## style, types, and the tests of every day with the examples in docstrings
	$(PYTEST) -m "not slow" $(PYTEST_ARGS)

test-all: style ## the same with the slow tests: evidence, back-test, calibration, benchmarks
	$(PYTEST) $(PYTEST_ARGS)

style: $(VENV)/.has-test ## style, spelling and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell .ci stresslab tests docs benchmarks examples *.md
	$(BIN)/mypy

docs: $(VENV)/.has-docs ## the pages, with every notebook and example run; warnings are errors
	$(BIN)/python docs/run_pages.py --workers $(WORKERS)
	$(BIN)/sphinx-build -q -W -j $(WORKERS) -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

browser: $(VENV)/.has-test $(VENV)/.has-browser docs ## the pages in a browser: layout, pictures, search; needs chromium
	$(BIN)/python -m pytest tests/docs/test_browser.py $(PYTEST_ARGS)

fuzz: $(VENV)/.has-test ## 10,000 broken inputs: none accepted in silence, no error of another library, none endless
	$(BIN)/python -m tests.fuzz --workers $(WORKERS) $(FUZZ_ARGS)

kill: $(VENV)/.has-run ## kill 50 runs at random moments: their folders hold whole answers or none
	$(BIN)/python -m benchmarks.kill_runs

mutation: $(VENV)/.has-mutation ## small wrong changes of what numbers come from: the share that the tests notice; half an hour
	$(BIN)/python -m tests.mutation $(MUTATION_ARGS)

bench: $(VENV)/.has-bench ## speed of the engine on this machine
	$(BIN)/asv machine --yes >/dev/null
	$(BIN)/asv run --python=same --show-stderr $(BENCH_ARGS)

format: $(VENV)/.has-test ## correct what ruff can correct
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
