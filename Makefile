# make app: set up and open the dashboard · make test: set up and run the tests · make lint · make clean
# make classroom: let other computers in, with a code for the class and one for the operator
# make chaos: kill processes for some minutes, and check that no run is lost
PYTHON ?= python3
BIN := .venv/bin

.PHONY: app classroom test chaos lint format clean

app: .venv/app
	$(BIN)/python -m bnviz app

classroom: .venv/app
	$(BIN)/python -m bnviz app --classroom

test: .venv/dev
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

chaos: .venv/dev
	$(BIN)/python -m tests.chaos

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/app: requirements.txt constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt -c constraints.txt
	touch $@

.venv/dev: requirements-dev.txt .venv/app
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt -c constraints.txt
	touch $@
