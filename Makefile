# roomsweep: everything from a machine that has Python 3.11 or newer, make and git.
#   make demo    sets up and sweeps a synthetic room        make test    sets up and runs the tests
#   make help    lists the rest
#
# Variables: PYTHON (which interpreter), VENV (where the environment lives), PYTEST_ARGS, DEMO_OUT; for make fuzz
# SECONDS_EACH and READERS.

SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.roomsweep-installed
DEMO_OUT ?= roomsweep-demo
PYTEST_ARGS ?=
SECONDS_EACH ?= 60
READERS ?=

is_new_enough := -c 'import sys; raise SystemExit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for candidate in python3.13 python3.12 python3.11 python3; do \
	command -v $$candidate >/dev/null 2>&1 && $$candidate $(is_new_enough) 2>/dev/null && echo $$candidate && break; done)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench fuzz pins clean system-libraries

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## set up the environment in $(VENV)

demo: $(STAMP) ## sweep a small synthetic room from end to end and say where the report lies
	@$(BIN)/roomsweep demo --out '$(DEMO_OUT)'

test: $(STAMP) ## run the tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(STAMP) ## lint, format, types and the layers of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## run the benchmarks; their results are written as JSON into benchmarks/results
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

fuzz: $(STAMP) ## fuzz every reader (SECONDS_EACH=60, READERS="wifi scan" for some); needs Linux on x86-64
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		-c constraints.txt --no-build-isolation -e '.[fuzz]'
	@PYTHONPATH=tests nice -n 10 $(BIN)/python -m fuzz --seconds $(SECONDS_EACH) $(READERS)

pins: $(STAMP) ## write constraints.txt from what is installed now
	@$(BIN)/python tools/pins.py

clean: ## remove the environment, caches and what was built
	rm -rf '$(VENV)' build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Warm runs see an up-to-date stamp and start at once.
$(STAMP): pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then echo "roomsweep needs Python 3.11 or newer: install it, or name it: make PYTHON=/path/to/python3 ..." >&2; exit 1; fi
	@$(PYTHON) $(is_new_enough) || { echo "$(PYTHON) is too old or cannot be run: roomsweep needs Python 3.11 or newer." >&2; exit 1; }
	@if ! [ -x $(BIN)/python ]; then $(PYTHON) -m venv '$(VENV)' || \
		{ rm -rf '$(VENV)'; echo "$(PYTHON) cannot make an environment: on Debian and Ubuntu install the package python3-venv." >&2; exit 1; }; fi
	@echo "Setting up roomsweep in $(VENV); the first time this downloads a few hundred megabytes."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt setuptools
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	@$(BIN)/python -c 'import cv2' 2>/dev/null || $(MAKE) --no-print-directory system-libraries
	@touch $@

# OpenCV's wheel expects these two of a Linux desktop; a server or a container may lack them.
system-libraries:
	@as_root=; [ "$$(id -u)" = 0 ] || as_root="sudo -n"; \
	if command -v apt-get >/dev/null 2>&1 && $$as_root true 2>/dev/null; then \
		echo "OpenCV cannot be loaded; installing the system libraries libgl1 and libglib2.0-0."; \
		$$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null || true; \
		$$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libgl1 libglib2.0-0 </dev/null >/dev/null || true; \
	fi
	@$(BIN)/python -c 'import cv2' || \
		{ echo "OpenCV cannot be loaded (see the line above): install the system libraries libGL and libglib (Debian and Ubuntu: sudo apt-get install libgl1 libglib2.0-0), then run make again." >&2; exit 1; }
