# make demo | test | check: each sets up what it needs. `make help` lists the rest.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# The lab needs root; under a user with sudo the same commands ask for it once.
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo -E)
LAB := $(AS_ROOT) $(CURDIR)/$(BIN)/python -m tests.lab
INSIDE := $(AS_ROOT) $(CURDIR)/tests/lab/enter
export PATH := $(CURDIR)/$(BIN):$(PATH)

# Lint and types run beside the tests; what each says stays together where make can do that. Some tests wait
# for a real deadline, so there is one worker more than there are cores.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
TOGETHER := --no-print-directory --jobs=3 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.PHONY: help setup check lint types unit programs test molecule e2e demo lab-up lab-down bench wheel lock clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: .venv/ready ## the virtual environment, by the lock file's hashes

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 2; }
	@echo "setup: virtual environment (about 40 s)"
	@$(PYTHON) -m venv .venv 2>/dev/null || { $(AS_ROOT) apt-get install -y -qq python3-venv && $(PYTHON) -m venv .venv; }
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

check: .venv/ready ## lint, types, unit and contract tests: the inner loop
	@$(MAKE) $(TOGETHER) lint types unit

lint: .venv/ready
	ruff check .
	ruff format --check .
	yamllint -s .
	ansible-lint --offline --profile production -q

types: .venv/ready
	mypy

unit: .venv/ready
	pytest -q -m "not programs" --numprocesses=$(WORKERS) --dist=worksteal tests/unit tests/contract

programs: .venv/ready ## unit tests that start real shells, pyinfra, OpenCode and HAProxy
	pytest -q -m programs --numprocesses=$(WORKERS) --dist=worksteal tests/unit

test: check programs lab-up ## everything
	@$(MAKE) --no-print-directory --jobs=2 molecule e2e

molecule: .venv/ready lab-up ## every role on real systemd hosts
	$(INSIDE) $(CURDIR)/$(BIN)/python -m tests.molecule

e2e: .venv/ready lab-up ## the whole road, from bare hosts to OpenCode's answer
	$(INSIDE) $(CURDIR)/$(BIN)/pytest -q tests/lab tests/end_to_end

demo: .venv/ready lab-up ## the lab, the main command on it, and OpenCode's answer on a laptop
	$(INSIDE) $(CURDIR)/$(BIN)/python -m tests.lab.demo

lab-up: .venv/ready ## real systemd hosts in podman (first time about 8 minutes, then 15 s)
	$(LAB) up

lab-down: .venv/ready ## stop them
	$(LAB) down

bench: .venv/ready lab-up ## figures for tests/benchmarks/RESULTS.md
	$(INSIDE) $(CURDIR)/$(BIN)/python -m tests.benchmarks

wheel: .venv/ready ## dist/*.whl
	hatchling build -t wheel

lock: ## requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra ci --group dev --generate-hashes --universal \
		--python-version 3.11 --no-header -q -o requirements.lock

clean: ## the virtual environment and what tools left
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .ansible
