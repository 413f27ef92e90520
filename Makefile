# What one does in a day. Needs Python 3.11 or later and make; everything else goes into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo fmt lint check test quality bench docs shape clean

help:     ## List these targets
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/has-test $(VENV)/has-examples $(VENV)/has-peers  ## Make .venv with all that development needs

demo: $(VENV)/has-examples  ## Tune a random forest, compare it with its defaults and with the full grid
	$(BIN)/python examples/digits_forest.py

fmt: $(VENV)/has-test  ## Format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup  ## Form and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint  ## Lint, types and the fast tests
	$(BIN)/pytest -q -m "not slow" tests/unit tests/architecture

# Two processes share the files of tests; each starts its own servers. In the order of their names: by their numbers of
# tests, as xdist would have them, the few long ones (tests/docs) come last, and one process waits for the other.
test: setup $(VENV)/has-servers $(VENV)/has-images  ## Every test but quality, with coverage; skips are listed with their reasons
	$(BIN)/pytest -rs -n 2 --dist loadfile --no-loadscope-reorder --ignore=tests/quality --cov --cov-report=term --cov-fail-under=95 tests

quality: setup  ## Seeded search quality against random search and the recorded release
	$(BIN)/pytest -rs tests/quality

bench: setup  ## Overhead, start-up and memory against Optuna and Rustuna
	broken=0; for script in startup memory overhead; do $(BIN)/python benchmarks/$$script.py || broken=1; done; exit $$broken

docs: setup $(VENV)/has-docs  ## Build the manual and run its examples
	$(BIN)/mkdocs build --strict --quiet
	$(BIN)/pytest -rs tests/docs

shape: $(VENV)/has-optimist  ## Import circles, floors, the longest files and functions
	$(BIN)/python tools/shape.py

clean:    ## Remove .venv and every cache
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage site

# Stamps: an environment is made once, and again when pyproject.toml changes.

$(VENV)/has-pip:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Optimist needs Python 3.11 or later; call: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/has-optimist: $(VENV)/has-pip pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[mysql,plots,postgres,redis]'
	@touch $@

# Database servers and a browser for tests. Only root can install them; without, the tests that need them say so and are skipped.
$(VENV)/has-servers: tools/install_servers.sh $(VENV)/has-pip
	sh tools/install_servers.sh
	@touch $@

# What the examples on images need. PyTorch comes alone, so that no other package chooses its build. Where the images
# cannot be had, the tests that need them say so and are skipped.
$(VENV)/has-images: examples/data.py $(VENV)/has-torch $(VENV)/has-examples
	$(BIN)/python examples/data.py fetch || echo 'Tests that need these images are skipped.'
	@touch $@

$(VENV)/has-%: $(VENV)/has-optimist
	$(BIN)/python -m pip install --quiet --group $*
	@touch $@
