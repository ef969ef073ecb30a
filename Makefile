# Everything a developer runs. Needs python3 >= 3.11, make and a package index, nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
PORT ?= 8000
# Processes the tests run in.
JOBS ?= 2
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
# A real server's settings, for the checks that ask whether they are safe.
PRODUCTION := LOYALTY_PRODUCTION=1 ALLOWED_HOSTS=loyalty.example.org SECRET_KEY=$$(head -c 48 /dev/urandom | base64 -w 0) \
	EMAIL_URL=smtps://loyalty@mail.example.org:587

.PHONY: help demo test test-deep check lint bench lock clean

help:
	@echo "make demo       load the sample world and serve http://127.0.0.1:$(PORT)/ (PORT=...)"
	@echo "make test       the tests; make test-deep runs what takes long: every caller, every failure, long stories"
	@echo "make check      lint, types, import contract, migrations, schema, deployment settings"
	@echo "make bench      the benchmarks"
	@echo "make lock       resolve the requirements again"
	@echo "make clean      remove the environment, the embedded databases and every cache"

$(VENV)/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "No python3 >= 3.11 found: name one with PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements.txt | $(VENV)/pyvenv.cfg
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/runtime.stamp
	$(PIP) -r requirements-dev.txt
	@touch $@

demo: $(VENV)/runtime.stamp
	$(BIN)/python manage.py migrate --verbosity 0
	PORT=$(PORT) $(BIN)/python manage.py demo

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

test-deep: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m deep -n $(JOBS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m mypy

check: lint
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: $(VENV)/dev.stamp
	LOYALTY_CLUSTER=bench $(BIN)/python -m bench

lock: $(VENV)/dev.stamp
	$(BIN)/uv pip compile $(LOCK_ARGS) pyproject.toml --output-file requirements.txt
	$(BIN)/uv pip compile $(LOCK_ARGS) pyproject.toml --group dev --output-file requirements-dev.txt

LOCK_ARGS := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

clean:
	@for cluster in $$(ls .local/postgres 2>/dev/null); do \
		$(BIN)/python -m loyalty_site.postgres remove --cluster $$cluster; done
	rm -rf .local .venv .venv-newer staticfiles .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
