.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Tests start many processes; where the environment forbids to keep compiled modules, each would compile all of ours anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test tests lint bench rooms audit pictures services services-stop clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Leeway needs Python 3.11 or later: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(INSTALLED)  ## Install, then run the whole job on the simulated company; leaves demo-out/
	$(BIN)/leeway demo

test: $(INSTALLED)  ## Install, lint, check types and imports, run all tests
	@$(MAKE) --no-print-directory -j 2 lint tests

# What lint says stands between the first tests' dots: checking types uses one core for a minute, which no test need wait for.
# Three workers for two cores: in the longest tests processes wait for each other, and a core would stand idle with them.
# By file: what a file's tests share is made once. (xdist 3.8 knows no groups with pytest 9.2: it writes where nobody reads.)
tests: $(INSTALLED)  ## The tests alone
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# bandit's B701 and B704 are ruff's S701 and S704, which each place answers by itself.
lint: $(INSTALLED)  ## ruff, mypy (strict), import contracts, bandit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -ll -s B701,B704 -r connectors models pipeline alerts leeway web simulator migrations deploy

audit: $(INSTALLED)  ## Known vulnerabilities of the pinned packages; needs PyPI's advisories
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit
	$(BIN)/pip-audit -r constraints.txt --no-deps --disable-pip

COMPANIES = $(wildcard ../shared/eval/tablewright ../shared/eval/brightline) $(wildcard benchmarks/companies/*/)

bench: $(INSTALLED)  ## The benchmarks, speed as ratios within one run; an hour or more, the quick ones first
	$(BIN)/python -m benchmarks.encoder
	$(BIN)/python -m benchmarks.match
	$(BIN)/python -m benchmarks.fit_fusion $(COMPANIES) --keep build/at-work
	$(BIN)/python -m benchmarks.ask $(COMPANIES) --keep build/answers
	$(BIN)/python -m benchmarks.connectors.rate
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.findings
	$(BIN)/python -m benchmarks.connectors.soak --seeds 20 --rounds 6
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.shares --seeds 20
	$(BIN)/python -m benchmarks.chaos.run --seeds 10
	$(BIN)/python -m benchmarks.drift.run --runs 100

rooms: $(INSTALLED)  ## Draw the rooms in docs/architecture.md again
	$(BIN)/python docs/rooms.py

pictures: $(INSTALLED)  ## docs/images from demo-out (make demo first); needs chromium
	$(BIN)/python -m benchmarks.pictures demo-out

services: $(INSTALLED)  ## Start PostgreSQL and Redis from wheels on this machine; their settings go to services/env
	@$(BIN)/python deploy/services.py start services

services-stop:  ## Stop them
	@$(BIN)/python deploy/services.py stop services

clean:  ## Remove what was made
	rm -rf $(VENV) build dist *.egg-info demo-out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
