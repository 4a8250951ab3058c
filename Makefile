# Needs make and Python >= 3.11 with venv; everything else is installed into .venv from requirements.lock, by hash.
.DEFAULT_GOAL := help
.PHONY: help demo test check bench chaos container-test lock clean setup
.SUFFIXES:

PYTHON ?=
# The base image of `make container-test`.
PYTHON_IMAGE ?= python:3.11-slim

VENV := .venv
RUN := $(VENV)/bin/python -m
READY := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHON PYTHON_IMAGE

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# Users without a home of their own have the demo's database in the clone.
demo: $(READY) ## start the service, feed it real input, show tables, rejects and rate, stop
	@if [ -z "$$ETL_DATABASE_URL$$ETL_DATA_DIR" ] && ! [ -w "$$HOME" ]; then export ETL_DATA_DIR="$(CURDIR)/.cache/data"; fi; \
	exec $(RUN) etl_actors demo

test: $(READY) ## pass all tests (not those of `make chaos`)
	@tests/parts.sh unit actors integration acceptance conformance

check: $(READY) ## format, lint, types, import rules, tests (also on PostgreSQL 15), chaos
	@tests/parts.sh format lint types imports unit actors integration integration@15 acceptance conformance chaos

bench: $(READY) ## benchmarks, as ratios
	@$(RUN) benchmarks

chaos: $(READY) ## fault injection
	@tests/parts.sh chaos

container-test: $(READY) ## build and run the image (buildah, as root; PYTHON_IMAGE=… names the base)
	@tests/parts.sh container

lock: $(READY) ## write requirements.lock anew from pyproject.toml (needs uv)
	@UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
		--no-emit-index-url --no-emit-find-links pyproject.toml --output-file requirements.lock

clean: ## remove .venv, caches and what was built
	@rm -rf $(VENV) .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(READY) ## only make .venv
	@:

# The stamp is written last: what is interrupted begins again, and what is done costs nothing.
$(READY): pyproject.toml requirements.lock tests/setup.sh
	@tests/setup.sh $(VENV)
	@touch $@
