# `make demo` and `make test` are all a newcomer needs. Both make the environment .venv first, once.

PYTHON ?= python3
VENV := .venv

.DEFAULT_GOAL := help
.PHONY: help install system test demo lint clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## make .venv with everything in it; does nothing if that is done

test: install ## run all tests
	$(VENV)/bin/python -m pytest

demo: install ## make small data, train, evaluate, try out; ends with a list of what was made
	$(VENV)/bin/python scripts/demo.py

lint: install ## check format and style
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

clean: ## remove .venv and caches; data/ and runs/ stay
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

system:
	@scripts/system_libraries.sh $(PYTHON)

# The stamp is newer than what it was made from: a second call installs nothing.
$(VENV)/.installed: requirements.txt pyproject.toml | system
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --disable-pip-version-check --requirement requirements.txt
	touch $@
