# One entry for each habit. Needs Python 3.11 or newer and make; everything else is installed into .venv.
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
# A stamp is named after the checksum of what it installed: changed requirements are installed at the next call.
RUN_STAMP := .venv/.run-$(shell cat requirements.txt | cksum | tr ' ' '-')
TEST_STAMP := .venv/.test-$(shell cat requirements.txt tests/requirements.txt | cksum | tr ' ' '-')

.PHONY: help run test check bench demo clean

help:
	@echo "make run    starts the product on http://127.0.0.1:8501 (PORT or IMS_PORT, IMS_HOST and other IMS_*)"
	@echo "make test   runs every test, in a browser too"
	@echo "make check  lints, layers of imports, types"
	@echo "make bench  measures speed against the budgets"
	@echo "make demo   adds a demo account with history to the database"

run: $(RUN_STAMP)
	@exec $(BIN)/python -m streamlit run streamlit_app.py \
		--server.address "$${IMS_HOST:-127.0.0.1}" --server.port "$${IMS_PORT:-$${PORT:-8501}}"

test: $(TEST_STAMP)
	@command -v chromium >/dev/null 2>&1 || $(MAKE) --no-print-directory .chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

bench: $(TEST_STAMP)
	$(BIN)/python -m engine bench

demo: $(RUN_STAMP)
	$(BIN)/python -m engine demo

clean:
	rm -rf .venv test-results .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name it with: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

$(RUN_STAMP): requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@rm -f .venv/.run-*
	@touch $@

$(TEST_STAMP): requirements.txt tests/requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@rm -f .venv/.test-*
	@touch $@

.PHONY: .chromium
.chromium:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; \
	else \
		echo "The browser tests need Chromium. Install it (Debian: apt-get install chromium) and call make test again." >&2; \
		exit 1; \
	fi
