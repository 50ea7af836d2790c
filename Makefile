# `make` lists what there is. Everything is installed into .venv; nothing else on the machine is touched, but for
# Debian's Chromium, which `make test` installs when it may.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# One lock for Python 3.11 to 3.14 on Linux and macOS. Spark is apart: it is large, and few tests need it.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command 'make lock' $(UPGRADE)
SPARK = 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["spark"])'

PYTEST := $(BIN)/python -m pytest -q
TOGETHER := $(PYTEST) --numprocesses auto
DAILY := unit or integration or smoke
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install demo fast test test-all test-rest test-spark crash coverage check fix lock bench commands docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

install: $(INSTALLED) ## install the command `viesti` into .venv

demo: $(INSTALLED) ## import real purchases, plan three campaigns, deliver them into ./outbox
	$(BIN)/viesti demo

fast: $(INSTALLED) ## run the unit tests, in less than a minute
	$(TOGETHER) --hypothesis-profile fast -m unit

test: $(INSTALLED) ## run unit and integration tests and samples of the rest, in less than five minutes
	@tests/install-browser
	$(TOGETHER) --hypothesis-profile fast -m '$(DAILY)'

test-all: $(INSTALLED) ## run all tests but Spark's, with every random example
	@tests/install-browser
	$(TOGETHER) -m 'not spark'

test-rest: $(INSTALLED) ## run what `make test` leaves of `make test-all`
	@tests/install-browser
	$(TOGETHER) -m 'not spark and (hypothesis or not ($(DAILY)))'

test-spark: $(INSTALLED) ## run the tests that start Spark; needs Java 17
	$(BIN)/python -m pip install --quiet --requirement requirements-spark.lock
	$(PYTEST) -m spark tests/rules/engines tests/demo/counts

crash: $(INSTALLED) ## kill processes at random moments, 200 times; CRASHES=1000 for more
	VIESTI_CRASHES=$(or $(CRASHES),200) $(PYTEST) tests/runs/dispatch/test_crash.py

coverage: $(INSTALLED) ## run all tests but Spark's and show the branches that none takes
	@tests/install-browser
	$(TOGETHER) -m 'not spark' --cov

check: $(INSTALLED) ## format, lint, types, import contracts and names
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q --noconftest -p no:cacheprovider tests/architecture/test_names.py

fix: $(INSTALLED) ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(INSTALLED) ## pin what pyproject.toml asks for; UPGRADE=--upgrade takes the newest versions
	$(LOCK) --extra dev --output-file requirements.lock pyproject.toml
	$(BIN)/python -c $(SPARK) | $(LOCK) --constraint requirements.lock --output-file requirements-spark.lock -

bench: $(INSTALLED) ## measure; figures are in docs/performance.md
	$(BIN)/python -m benchmarks

commands: $(INSTALLED) ## write docs/commands.md from the command line and tools/commands_prose.md
	$(BIN)/python -m tools.write_commands

docs: $(INSTALLED) ## build the documentation into site/, and check that its links and examples work
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	$(BIN)/python -m pytest -q tests/docs

clean: ## forget the demonstration's data and what it delivered
	rm -rf data outbox
