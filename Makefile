# Two commands do everything from a fresh clone: `make demo` and `make test`.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := images/lock.txt

.PHONY: help demo test test-hostile test-arm64 test-all lint format bench schemas lock wheel system clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Cells of a computer without QEMU are `skipped` rows and exit code 4: the demo has still run.
demo: $(VENV)/ready ## run experiments/quickstart.yaml here and show its classes
	$(BIN)/eqc run --fresh experiments/quickstart.yaml || [ $$? -eq 4 ]

# Two of the workers wait for containers most of the time and leave the processors to the others.
# In the order of their names the long tests come first.
SIDE_BY_SIDE := --numprocesses 3 --no-loadscope-reorder

test: $(VENV)/ready ## every test but the slow ones
	$(BIN)/pytest -m "not slow" $(SIDE_BY_SIDE) $(PYTEST)

# What a caller's environment may hold: no test may depend on it.
HOSTILE := OPENBLAS_CORETYPE=Haswell MKL_CBWR=COMPATIBLE OMP_NUM_THREADS=1 TZ=Asia/Kathmandu \
  LC_ALL=C KERAS_BACKEND=torch TF_ENABLE_ONEDNN_OPTS=0 ONEDNN_MAX_CPU_ISA=SSE41 \
  GLIBC_TUNABLES=glibc.malloc.check=0 NO_COLOR=1 COLUMNS=20 XDG_CACHE_HOME=/nowhere

test-hostile: $(VENV)/ready ## the unit tests in a hostile environment, from another folder
	home=$$(mktemp -d) && cd / && env $(HOSTILE) HOME=$$home $(CURDIR)/$(BIN)/pytest \
	  -c $(CURDIR)/pyproject.toml --rootdir $(CURDIR) -m "not slow" $(SIDE_BY_SIDE) $(PYTEST) \
	  $(CURDIR)/tests/unit && rm -rf $$home

test-arm64: $(VENV)/ready ## the tests with arm64 machines, which are emulated: minutes
	$(BIN)/pytest -m arm64 $(PYTEST)

test-all: $(VENV)/ready ## every test
	$(BIN)/pytest $(SIDE_BY_SIDE) $(PYTEST)

lint: $(VENV)/ready ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=images/runner $(BIN)/lint-imports

format: $(VENV)/ready ## let ruff format and fix what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/ready ## benchmarks; each prints ratios measured side by side
	@for file in bench/*.py; do echo "== $$file"; PYTHONPATH=images/runner $(BIN)/python $$file || exit 1; done

schemas: $(VENV)/ready ## write the published JSON Schemas anew
	$(BIN)/eqc schema experiment > orchestrator/experiment/experiment.schema.json

wheel: $(VENV)/ready ## build the wheel into dist/
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

lock: ## resolve every dependency anew into images/lock.txt
	sh .ci/lock

system: ## install the Debian packages that are missing (root, or sudo without password)
	@sh .ci/system

$(VENV)/ready: pyproject.toml $(LOCK) .ci/system
	@sh .ci/system
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint $(LOCK) --editable '.[dev]'
	# Only for the trained ONNX models inside its wheel, so without what it would run them with.
	$(BIN)/pip install --quiet --constraint $(LOCK) --no-deps rapidocr
	@touch $@

clean: ## remove everything that make made, but no results
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
