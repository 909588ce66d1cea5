# make demo   the whole line, from a simulator to a leaderboard, in about 12 minutes on two cores
# make test   the whole test suite        make lint   ruff, pyright, import-linter        make docs   the site
PYTHON ?= python3
VENV ?= .venv
MINUTES ?= 12
BIN := $(VENV)/bin

demo: $(VENV)/.installed
	$(BIN)/worldsim demo --minutes $(MINUTES)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

docs: $(VENV)/.installed-dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir site

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install -c constraints.txt -e '.[dev]'
	touch $@

.PHONY: demo test lint docs
