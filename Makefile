# Everything one types here. `make demo` and `make test` need nothing but Python 3.11+, make and the package index.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ARGS   ?=
BUILT  := $(VENV) .billflow build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis mutants

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test test-all lint format types contracts check chaos fuzz docs versions release clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

MINOR  := -c 'import sys; print("%d.%d" % sys.version_info[:2])'

# Where PYTHON is named, an environment of another version is made anew; where it isn't, the one that is there stays.
ifneq ($(origin PYTHON),file)
ifneq ($(shell $(BIN)/python $(MINOR) 2>/dev/null),$(shell $(PYTHON) $(MINOR) 2>/dev/null))
ANEW := --clear
.PHONY: $(STAMP)
endif
endif

setup: $(STAMP) ## create the virtual environment with the pinned versions (PYTHON=python3.13 for that one)
	@:

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "billflow needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) -V 2>&1); run: make setup PYTHON=python3.11" >&2; exit 1; }
	@test ! -e $(VENV) || test -w $(VENV) || { \
		echo "$(VENV) belongs to another user; remove it: sudo rm -rf $(VENV)" >&2; exit 1; }
	@test -z "$(ANEW)" -a -x $(BIN)/python || $(PYTHON) -m venv $(ANEW) $(VENV)
	@echo "Installing billflow and its tools into $(VENV); this takes about a minute."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]' \
		>$(VENV)/setup.log 2>&1 || { cat $(VENV)/setup.log >&2; exit 1; }
	@$(BIN)/python scripts/helm.py
	@touch $@

demo: setup ## bill 16 organizations for eight years on real servers (ARGS="--keep", ARGS="--csv FILE")
	@$(BIN)/billflow demo $(ARGS)

dev: setup ## start PostgreSQL, Temporal, the Stripe emulator, a worker and the API
	@$(BIN)/billflow dev $(ARGS)

test: setup ## run the tests (ARGS="tests/domain -k name" for some)
	@$(BIN)/python scripts/run_tests.py $(ARGS)

test-all: setup ## run the tests with all their examples, faults and kills, as CI does
	@BILLFLOW_TESTS=full $(BIN)/python scripts/run_tests.py $(ARGS)

lint: setup ## check style and spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell

format: setup ## format the code and repair what can be repaired
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: setup ## check the types
	@$(BIN)/mypy

contracts: setup ## check that imports point down
	@$(BIN)/lint-imports

check: lint types contracts test ## all of the above; CI runs test-all in place of test

chaos: setup ## the long runs that kill workers at random moments
	@BILLFLOW_TESTS=long $(BIN)/python scripts/run_tests.py -m chaos --timeout 3600 $(ARGS)

fuzz: setup ## send the API more than ten thousand requests that nobody would think of
	@BILLFLOW_TESTS=long $(BIN)/python scripts/run_tests.py -m fuzz --timeout 7200 $(ARGS)

docs: setup ## build the site of the documentation into `site`, strictly
	@$(BIN)/python scripts/build_site.py

versions: setup ## run the domain and journey tests on every other version of Python that is here
	@$(BIN)/python scripts/python_versions.py

release: setup ## build, check and describe what would be released, into `dist`; sends nothing
	@$(BIN)/python scripts/release.py

clean: ## remove what was built, the data of `make dev`, and what root's starts copied elsewhere
	@test ! -x $(BIN)/python || test ! -x $(BIN)/billflow || $(BIN)/python -m billflow.dev.clean
	@rm -rf $(BUILT) || { echo "Some of it belongs to another user; run: sudo make clean" >&2; exit 1; }
