# Everything a developer does, by name. `make` alone lists the targets.
# Needs python3 (3.10 or newer) with pip, and make; the rest goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FREEZER := $(VENV)/.freezer
# On which to test the agent; without any, on those that are found.
PYTHONS ?=
# How many `make bench-report` simulates.
LAUNCHES ?= 1000000
# The path of the frozen agent, as installer/bundle.py printed it.
FROZEN = $(shell cat dist/.program)
FROZEN_FOR_WINDOWS = $(shell cat dist/.program-windows)
WINDOWS := build/windows/.ready
INNO := build/inno/.ready
WITH_WINE := $(PYTHON) installer/windows.py

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-slow test-browser test-debian test-installers test-pythons bundle \
	test-bundle bundle-windows test-agent-windows test-windows test-inno bench-agent bench-ingest bench-report \
	bench-console translations check format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv and install everything into it

# --without-pip, and the pip at hand: works where Debian's python3-venv is not installed.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear --without-pip $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[server,dev]'
	touch $@

demo: $(READY) ## play a true story on this machine and report it (demo/report.html)
	$(BIN)/python -m tests.e2e.demo

serve: $(READY) ## run the server on http://127.0.0.1:8000
	$(BIN)/exitpoll serve

test: $(READY) ## the fast tests
	$(BIN)/pytest -q -n 2 --dist loadfile -m 'not slow'

test-slow: $(READY) ## the slow tests: the server killed again and again
	$(BIN)/pytest -q -n 2 --dist loadfile -m 'slow and not (debian or browser or installer or inno or windows_setup)'

# It needs Chromium (Debian: chromium). Pictures of every screen go to build/pictures.
test-browser: $(READY) ## the pages in a real browser: languages, no script, phones, keyboard, axe-core
	$(BIN)/pytest -q -n 2 -m browser

# As root; it needs mmdebstrap, systemd-container, buildah and nsenter (util-linux).
test-debian: $(READY) ## docs/operating.md on a clean Debian with its own systemd, and the container
	$(BIN)/pytest -q -m debian

# As root, on a machine that may have packages installed and removed: .ci/run says which it needs. A test of
# a compiler that is not there is skipped with its reason. One after the other: a package manager has one
# machine, and does not share it.
test-installers: dist/.program $(READY) ## kits for Linux, and products that start the agent: built, installed, removed
	$(BIN)/pytest -q -m installer

test-pythons: ## the agent's tests on every Python from 3.10 to 3.13, without the server's half
	$(PYTHON) tests/pythons.py $(PYTHONS)

# It needs binutils, and Python's shared library (Debian: libpython3.11).
$(FREEZER): $(READY)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[bundle]'
	touch $@

# A program that merely builds may not start: every command of it is run.
bundle: dist/.program ## freeze the agent into dist/, and run every command of it
	EXITPOLL_TEST_AGENT=$(FROZEN) $(BIN)/pytest -q tests/e2e/test_program.py
	@echo "$(FROZEN) works."

dist/.program: $(FREEZER) $(wildcard agent/exitpoll_agent/*.py agent/exitpoll_agent/*/*.py installer/*)
	mkdir -p dist
	$(BIN)/python installer/bundle.py > $@.new
	mv $@.new $@

# The story's calendar needs a C compiler: a frozen program reads no sitecustomize.
test-bundle: bundle ## the tests that start the agent, with the frozen one
	EXITPOLL_TEST_AGENT=$(FROZEN) $(BIN)/pytest -q -n 2 --dist loadfile -m 'agent and not slow'

# It needs Wine (Debian: wine and wine64), and no Windows. On Windows itself: installer/bundle.py.
$(WINDOWS): pyproject.toml constraints.txt installer/windows.py installer/wine.sh
	$(WITH_WINE) prepare
	touch $@

bundle-windows: dist/.program-windows $(READY) ## the same for Windows, from Linux, under Wine
	EXITPOLL_TEST_AGENT=$(FROZEN_FOR_WINDOWS) $(WITH_WINE) run $(BIN)/pytest -q \
		tests/e2e/test_program.py tests/agent/test_windows.py
	@echo "$(FROZEN_FOR_WINDOWS) works."

dist/.program-windows: $(WINDOWS) $(wildcard agent/exitpoll_agent/*.py agent/exitpoll_agent/*/*.py installer/*)
	mkdir -p dist
	$(WITH_WINE) freeze > $@.new
	mv $@.new $@

# It needs nsis, wixl and msitools, and for the pages xvfb, xdotool, openbox, imagemagick and locales.
# Pictures of the pages go to build/pictures/installer.
test-windows: dist/.program-windows $(READY) ## kits for NSIS and MSI: built, installed, removed on Wine
	$(BIN)/pytest -q -m windows_setup

test-agent-windows: bundle-windows ## the tests that start the agent, with the Windows one
	EXITPOLL_TEST_AGENT=$(FROZEN_FOR_WINDOWS) $(WITH_WINE) run $(BIN)/pytest -q -n 2 --dist loadfile \
		-m 'agent and not slow and not windows'

# As root; it needs mmdebstrap, npm, and a C compiler for Windows (Debian: gcc-mingw-w64-x86-64).
$(INNO): installer/inno_root.py installer/in_root.sh
	$(PYTHON) installer/inno_root.py prepare
	touch $@

test-inno: dist/.program-windows $(INNO) $(READY) ## the kit for Inno Setup: real setups, under 32-bit Wine
	$(PYTHON) installer/inno_root.py run $(BIN)/pytest -q -s -m inno

bench-agent: dist/.program ## what the frozen agent costs, beside an empty program
	EXITPOLL_TEST_AGENT=$(FROZEN) $(BIN)/python -m tests.bench.agent

bench-ingest: $(READY) ## what a ping costs, beside an empty Flask route; it needs wrk
	$(BIN)/python -m tests.bench.ingest

bench-report: $(READY) ## what a report costs, and a launch on disk; LAUNCHES=10000000 for more
	$(BIN)/python -m tests.bench.report --launches $(LAUNCHES)

bench-console: $(READY) ## how long the console's report page takes to load; LAUNCHES=3500000 for more
	$(BIN)/python -m tests.bench.console --launches $(LAUNCHES)

translations: $(READY) ## extract what is marked, renew and compile the catalogues, say what they lack
	$(BIN)/python -m tests.server.catalogues

check: $(READY) ## format, lint, types, import rules, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(MAKE) --no-print-directory test

format: $(READY) ## rewrite the code as `make check` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# With the oldest Python at hand that we support, so that the versions are there for all of them.
lock: ## renew constraints.txt; say PYTHON=python3.10
	$(PYTHON) -m venv --clear --without-pip $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --editable '.[server,dev,bundle]'
	$(PYTHON) -m pip --python $(BIN)/python freeze --exclude-editable > constraints.txt

clean: ## remove what was made here
	rm -rf $(VENV) build dist demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
