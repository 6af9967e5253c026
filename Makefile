# demo  the example hall on http://127.0.0.1:8080      test  all tests
# lint  style, types and import contracts              bench speed and size
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint bench clean

.venv/installed: pyproject.toml constraints.txt constraints-broker.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r constraints-broker.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade -c constraints.txt pip
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --group dev
	touch $@

demo: .venv/installed
	$(BIN)/halld demo

test: .venv/installed-dev
	tests/run

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-dev
	PYTHONPATH=tests $(BIN)/python -m benchmarks

clean:
	rm -rf .venv data
