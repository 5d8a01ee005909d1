# make setup | demo | dev | serve | test | test-long | check | benchmark | opensearch | lock | clean
SHELL := /bin/sh
BIN := .venv/bin
DEMO_HOME := data/demo
# Compiled modules are kept: without them each start of the command takes seconds longer.
unexport PYTHONDONTWRITEBYTECODE
# ONNX Runtime, which PyMuPDF loads as well, would report to its maker.
export ORT_DISABLE_TELEMETRY := 1

.PHONY: help setup demo dev serve test test-long check format benchmark opensearch opensearch-stop lock clean

help: ## Shows this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/	/'

setup: ## Builds .venv with the pinned packages (Python 3.11 to 3.13; PYTHON=... to choose)
	@PYTHON="$(PYTHON)" scripts/setup.sh

demo: setup ## Makes example documents, ingests them, shows what was found
	@scripts/demo.sh

dev: setup ## Opens the Dagster UI on http://127.0.0.1:3000, with the sensors running
	@scripts/dev.sh

serve: setup ## Serves the web page and the HTTP API on http://127.0.0.1:8484
	@$(BIN)/sparknet serve

test: setup ## Runs the tests
	@$(BIN)/python -m pytest -n auto --dist loadfile

test-long: setup ## Runs the tests that take minutes: storms, thousands of documents, a real daemon
	@# They wait more than they work: three at a time fit two cores. Beside them, at length, the
	@# models of states that `make test` looks at briefly.
	@SPARKNET_TEST_LONG=1 SPARKNET_MODEL_EXAMPLES=100 \
		$(BIN)/python -m pytest -n 3 --dist loadfile -m "long or model"

check: setup ## Format, lint, types and tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory test

format: setup ## Formats the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmark: setup ## Measures the budgets: speed, memory, accuracy
	@$(BIN)/python -m benchmarks

opensearch: ## Starts an OpenSearch with k-NN on loopback for the tests, prints its URL (needs Maven, Java)
	@scripts/opensearch.sh start

opensearch-stop: ## Stops that OpenSearch
	@scripts/opensearch.sh stop

lock: setup ## Pins the dependencies anew (UPGRADE=1 for the newest versions)
	@scripts/lock.sh $(if $(UPGRADE),--upgrade)

clean: ## Removes .venv, caches and the demo's data; keeps data/
	rm -rf .venv .cache $(DEMO_HOME) examples/documents dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
