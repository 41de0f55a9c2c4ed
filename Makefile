# Every daily command. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DISTS := shared services/application services/risk services/servicing services/notifications deploy/local deploy/simulator
SOURCES := shared services deploy tests benchmarks

.DEFAULT_GOAL := help
.PHONY: help setup lock demo up status logs down test check unit integration e2e chaos bench docs format

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready ## make the virtual environment and install everything into it

# The stamp is rebuilt when a lock or a distribution's metadata changes.
$(VENV)/.ready: requirements-dev.txt requirements-tools.txt $(addsuffix /pyproject.toml,$(DISTS))
	@$(PYTHON) -c 'import sys; sys.exit("Lendstream needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.txt
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(addprefix -e ,$(DISTS))
	@touch $@

lock: ## resolve the requirements again, with hashes
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements.txt requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements-dev.txt requirements-tools.in -o requirements-tools.txt

HOME_FOLDER ?= .lendstream
ROUNDS ?= 10
SEED ?= 1
PYTEST := $(BIN)/python -m pytest

demo: setup ## 300 real applications and 60 business days through the whole platform, then the books
	@$(BIN)/python -m lendstream_local.demo

up: setup ## start the whole platform and leave it running; prints its addresses
	@$(BIN)/lendstream-local up --services --home $(HOME_FOLDER)

status: setup ## what of the platform runs, and where
	@$(BIN)/lendstream-local status --home $(HOME_FOLDER)

logs: setup ## every log, as it grows
	@$(BIN)/lendstream-local logs -f --home $(HOME_FOLDER)

down: setup ## end the platform; data and ports are kept
	@$(BIN)/lendstream-local down --home $(HOME_FOLDER)

check: setup ## format, lint, types, import rules
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy $(DISTS) tests benchmarks
	$(BIN)/lint-imports --no-cache

format: setup ## put the code into the one format
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

unit: setup ## rules and contract alone: seconds
	$(PYTEST) tests/unit tests/contract tests/conformance -q

integration: setup ## each part on a real Kafka and a real PostgreSQL
	$(PYTEST) tests/integration -q --numprocesses 3 --dist loadfile

e2e: setup ## the service processes together
	$(PYTEST) tests/e2e -q

test: check ## everything that must hold: checks, unit, contract, conformance, integration, e2e, short chaos
	$(PYTEST) tests --ignore tests/chaos -q --durations=15 --numprocesses 3 --dist loadfile
	$(PYTEST) tests/chaos -q -s

chaos: setup ## kill processes at random while loans flow, then audit: make chaos ROUNDS=20 SEED=7
	$(BIN)/python -m chaos.main --rounds $(ROUNDS) --seed $(SEED)

bench: setup ## every benchmark: the figure, its floor measured in the same run, the ratio
	@for each in schedules correction books open_loans payments relay risk latency http day_close; do $(BIN)/python -m benchmarks.$$each || exit 1; echo; done

docs: setup ## write schemas, AsyncAPI, OpenAPI and the topics page again from the code
	$(BIN)/lendstream docs build
	@for each in application servicing; do $(BIN)/python -m lendstream_$$each.openapi > docs/openapi/$$each.json || exit 1; done
