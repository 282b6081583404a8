SHELL := /bin/bash
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c

# Other distributions also install packages called `schema` and the like: never look in the
# current folder for them.
export PYTHONSAFEPATH := 1

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SOURCE ?=
RECIPE ?=
RAW    ?=
OUT    ?=
WORKERS ?=
PEERS  ?=
# Before anything that depends on it, so that a build for this machine's processor is taken.
TORCH  ?= torch==2.13.0

# Quoted, so that folders may have blanks in their names; the shell no longer sees the ~ then.
folder = "$(patsubst ~/%,$(HOME)/%,$(1))"
FLAGS = $(if $(RAW),--raw $(call folder,$(RAW))) $(if $(OUT),--out $(call folder,$(OUT))) \
	$(if $(WORKERS),--workers $(WORKERS))

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10
	@echo
	@echo "make build SOURCE=key [RAW=dir] [OUT=dir] [WORKERS=n]"

# The kernels are C. Where there is no compiler, PyPI has one.
KERNELS := $(wildcard dedup/kernels/*.[ch] builders/tokens/*.[ch])
COMPILER := $(shell command -v cc || command -v gcc || command -v clang)
ifeq ($(COMPILER),)
# The program itself: pip builds in an environment that sees nothing else of this one.
export CC = $(firstword $(wildcard $(abspath $(VENV))/lib/python*/site-packages/ziglang/zig) zig) cc
endif

$(BIN)/medsmith: pyproject.toml $(KERNELS)
	$(PYTHON) -m venv $(VENV)
	$(if $(COMPILER),,$(BIN)/python -m pip install --quiet --disable-pip-version-check ziglang)
	$(if $(COMPILER),,export CC="$$(echo $(abspath $(VENV))/lib/python*/site-packages/ziglang/zig) cc";) \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/dev.done: pyproject.toml $(BIN)/medsmith
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,dedup,ray,tokens]'
	touch $@

build: $(BIN)/medsmith  ## build one source: make build SOURCE=mimic_summarization
	@test -n "$(SOURCE)" || { echo "Say which source: make build SOURCE=mimic_summarization (all: $(BIN)/medsmith sources)"; exit 2; }
	$(BIN)/medsmith build $(SOURCE) $(FLAGS)

release: $(BIN)/medsmith  ## build a release from a recipe: make release RECIPE=open
	@test -n "$(RECIPE)" || { echo "Say which recipe: make release RECIPE=open"; exit 2; }
	$(BIN)/medsmith release $(RECIPE) $(FLAGS)

dev: $(VENV)/dev.done  ## set up for working on Medsmith itself
	rm -rf .types
	mkdir -p .types/medsmith
	for folder in schema manifests converters dedup builders; do ln -s ../../$$folder .types/medsmith/$$folder; done

test: $(VENV)/dev.done  ## run the whole test suite
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(VENV)/dev.done  ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev  ## check types
	$(BIN)/mypy .types/medsmith/schema .types/medsmith/manifests .types/medsmith/converters .types/medsmith/dedup .types/medsmith/builders

docs: $(VENV)/dev.done  ## rewrite what follows from the code: JSON Schemas, references
	$(BIN)/python -m medsmith.manifests.json_schemas
	$(BIN)/python docs/generate.py

# Those on real texts take the raw folder, those beside peers a Python that has the peers.
bench: export PYTHONPATH := benchmarks
bench: $(VENV)/dev.done  ## measure speed, memory and quality: make bench [RAW=dir] [PEERS=python]
	$(BIN)/python benchmarks/streaming.py --rows 100000
	$(BIN)/python benchmarks/packing.py --rows 200000
	$(BIN)/python benchmarks/rerelease.py --rows 50000
	$(BIN)/python benchmarks/kernels.py
	$(BIN)/python benchmarks/near_templates.py $(if $(PEERS),--peers $(PEERS))
	$(if $(RAW),$(BIN)/python benchmarks/near_quality.py --texts $(call folder,$(RAW)) $(if $(PEERS),--peers $(PEERS)))
	$(if $(RAW),$(BIN)/python benchmarks/near_scale.py --texts $(call folder,$(RAW)) --rows 1000000)
	$(if $(and $(RAW),$(PEERS)),$(BIN)/python benchmarks/near_speed.py --texts $(call folder,$(RAW)) --peers $(PEERS))
	$(if $(RAW),$(BIN)/python benchmarks/contamination_recall.py --raw $(call folder,$(RAW)))
	$(if $(RAW),$(BIN)/python benchmarks/contamination_speed.py --raw $(call folder,$(RAW)) $(if $(PEERS),--peers $(PEERS)))

clean:  ## remove what the targets made (never raw data)
	rm -rf build dist .types .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info

.PHONY: help build release dev test lint types docs bench clean
