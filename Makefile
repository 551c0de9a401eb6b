# Outturn. A machine needs Python 3.11 or newer with venv, make, and nothing else.

PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$candidate" && break; done)
VENV := .venv/bin
CODE := manage.py $(wildcard analytics billing clients deploy tenants tests twins)

# Forbidden to keep what it compiled, each of the hundreds of processes of the tests would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup development demo up check audit test soak bench clean python

help:
	@echo 'make setup   install everything into .venv and build the front end'
	@echo 'make demo    set up, fill a demonstration, serve it (DATA=FOLDER: from real data; ONCE=1: then stop)'
	@echo 'make up      serve what is there'
	@echo 'make check   all static checks'
	@echo 'make audit   ask the package indexes for known flaws of what we stand on'
	@echo 'make test    all static checks and all tests'
	@echo 'make soak    processes killed at random, floods, ten thousand connections (MINUTES=N, SEED=N)'
	@echo 'make bench   all benchmarks at full size (DATA=FOLDER: on real data)'
	@echo 'make clean   remove the data of the demonstration and what was built; sources and .venv stay'

python:
	@test -n '$(PYTHON)' || { echo 'Outturn needs Python 3.11 or newer; none was found.' >&2; exit 1; }

setup: python
	@$(PYTHON) -m deploy.install runtime
	@$(VENV)/python -m deploy.frontend
	@$(VENV)/python -m deploy.catalogues

development: setup
	@$(PYTHON) -m deploy.install development

demo: setup
	@$(VENV)/python manage.py demo $(if $(DATA),--data '$(DATA)') $(if $(ONCE),--once)

up: setup
	@$(VENV)/python manage.py up

check: development
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy $(CODE)
	$(VENV)/lint-imports
	$(VENV)/deptry . --ignore DEP002
	$(VENV)/python -m deploy.audit
	$(VENV)/djade --check --target-version 5.2 $$(find templates -name '*.html')
	$(VENV)/python manage.py check
	$(VENV)/python -W 'ignore:Got an error checking a consistent' manage.py makemigrations --check --dry-run
	$(VENV)/python -m deploy.frontend check

audit: development
	$(VENV)/python -m deploy.audit --advisories

test: check
	$(VENV)/python -m tests.chromium
	$(VENV)/python -m tests.mosquitto
	$(VENV)/python -m deploy.frontend test
	$(VENV)/python -m pytest --numprocesses auto --dist loadfile

soak: development
	$(VENV)/python -m tests.soak $(if $(MINUTES),--minutes '$(MINUTES)') $(if $(SEED),--seed '$(SEED)')

bench: setup
	@$(VENV)/python manage.py bench all $(if $(DATA),--data '$(DATA)')

clean:
	@if [ -x $(VENV)/python ]; then $(VENV)/python -m deploy.clean; else rm -rf .outturn static/dist locale/*/LC_MESSAGES/*.mo; fi
