# make quickstart   small data, the shipped baselines, their curves, a report
# make test         lint, format, types, tests
# make develop      only install what test and docs need
# make docs         the documentation in docs/_build/html
# make wheel        the wheel in dist/, and a check that it brings its baselines
# make release      what a release is made of, in dist/, and its checks: docs/how-to/publishing.md
# make gpu          with a CUDA 12 GPU: the tests that need one; exit waves and images beside abTEM's and the FFT floor
#
# Each needs Python 3.11 or newer with venv, and nothing installed; .venv is made on the first call.

PYTHON3 ?= python3
OUT ?= quickstart
DATA ?= mini
VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
QUICKSTART_EXTRAS := sim,data,torch,report,io
DEVELOPMENT_EXTRAS := all,dev,docs
REQUIREMENTS := pyproject.toml constraints.txt

# $(call timed,NAME,COMMAND): run it, say how long it took, keep its exit status.
define timed
@echo "== $(1)"; start=$$(date +%s); ( $(2) ); status=$$?; \
echo "== $(1): $$(( $$(date +%s) - start )) s"; exit $$status
endef

.PHONY: help quickstart test develop docs wheel release gpu clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \(make .*\)/\1/p' $(MAKEFILE_LIST)

quickstart: $(VENV)/.quickstart
	$(call timed,quickstart,$(VENV)/bin/hrtem-bench quickstart --out $(OUT))

test: $(VENV)/.development
	$(call timed,lint,$(PYTHON) -m ruff check .)
	$(call timed,format,$(PYTHON) -m ruff format --check .)
	$(call timed,types,$(PYTHON) -m mypy)
	$(call timed,tests,OMP_NUM_THREADS=1 $(PYTHON) -m pytest --numprocesses auto --dist loadfile)

develop: $(VENV)/.development

docs: $(VENV)/.development
	$(call timed,docs,$(PYTHON) -m sphinx -W -q -b html docs docs/_build/html)

wheel: $(VENV)/.development
	$(call timed,wheel,rm -f dist/hrtem_bench-*.whl && $(PYTHON) -m pip --quiet wheel --no-deps --wheel-dir dist . \
	&& $(PYTHON) -P tests/check_wheel.py dist)

release: $(VENV)/.development
	$(call timed,wheel and sdist,rm -rf dist && $(PYTHON) -m build --outdir dist . && $(PYTHON) -P tests/check_wheel.py dist)
	$(call timed,dataset in $(DATA),test -f $(DATA)/manifest.json || $(VENV)/bin/hrtem-bench generate $(DATA) --out $(DATA))
	$(call timed,dataset checked,$(VENV)/bin/hrtem-bench verify $(DATA) \
	&& $(VENV)/bin/mlcroissant validate --jsonld $(DATA)/croissant.json && tar -cf dist/dataset.tar -C $(DATA) .)
	$(call timed,Zenodo's metadata checked,$(PYTHON) release/zenodo.py metadata | diff - .zenodo.json \
	&& $(PYTHON) release/zenodo.py metadata --data $(DATA) > dist/dataset.zenodo.json)

gpu: $(VENV)/.development
	$(call timed,install cupy,$(PIP) --editable ".[cuda12]")
	$(call timed,tests that need a GPU,$(PYTHON) -m pytest -m gpu)
	$(call timed,exit waves,$(PYTHON) benchmarks/multislice.py --device cuda --phonons 8)
	$(call timed,images,$(PYTHON) benchmarks/imaging.py --device cuda)

# torch first and by itself: resolved together with other packages, pip may settle on a build that brings CUDA.
$(VENV)/.python:
	@$(PYTHON3) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "hrtem-bench needs Python 3.11")'
	$(call timed,virtual environment,$(PYTHON3) -m venv $(VENV))
	$(call timed,install torch,$(PIP) torch)
	@touch $@

$(VENV)/.quickstart: $(VENV)/.python $(REQUIREMENTS)
	$(call timed,install hrtem-bench,$(PIP) --editable ".[$(QUICKSTART_EXTRAS)]")
	@touch $@

$(VENV)/.development: $(VENV)/.python $(REQUIREMENTS)
	$(call timed,install hrtem-bench with development tools,$(PIP) --editable ".[$(DEVELOPMENT_EXTRAS)]")
	@touch $@ $(VENV)/.quickstart

clean:
	rm -rf build dist docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis
