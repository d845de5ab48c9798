# Two commands do everything: `make run` and `make test`.
PORT ?= 8501
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Python compiles what it imports, and much is installed that never is.
export PIP_NO_COMPILE := 1

.PHONY: run test lint types unit browser benchmarks screenshot tour clean

run: .venv/app.stamp
	@echo "Lobule is starting at http://127.0.0.1:$(PORT)  (Ctrl+C stops it)"
	@exec $(BIN)/python -m streamlit run app.py --server.address 127.0.0.1 --server.port $(PORT)

test: .venv/dev.stamp lint types unit browser

lint: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/dev.stamp
	$(BIN)/mypy

unit: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not browser" -n auto --maxprocesses 4 --dist loadfile --durations 25

browser: .venv/dev.stamp .venv/browser.stamp
	$(BIN)/python -m pytest -m browser -n 2 --dist worksteal --durations 15

benchmarks: .venv/dev.stamp
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.accuracy
	$(BIN)/python -m benchmarks.weights
	$(BIN)/python -m benchmarks.scoring
	$(BIN)/python -m benchmarks.exports
	$(BIN)/python -m benchmarks.scrolling
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.workspace

screenshot: .venv/dev.stamp .venv/browser.stamp
	$(BIN)/python -m docs.screenshot

tour: .venv/dev.stamp .venv/browser.stamp
	$(BIN)/python -m docs.tour

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Lobule needs Python 3.11 or newer; $(PYTHON) is older. Try: make run PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/app.stamp: requirements.txt requirements-samples.txt | .venv/bin/python
	$(BIN)/python -m pip install -r requirements.txt
	$(BIN)/python -m pip install --no-deps -r requirements-samples.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/app.stamp
	$(BIN)/python -m pip install -r requirements-dev.txt
	@touch $@

.venv/browser.stamp: .venv/dev.stamp
	$(BIN)/python -m tests.browser.chromium
	@touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
