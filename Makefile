# `make demo` and `make test` work in a fresh clone: they set up everything that they need.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := images/lock.txt

.PHONY: help demo test test-hostile test-arm64 test-versions test-causes test-all lint format bench schemas numerics lock wheel system clean

help: ## show this list
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Without QEMU the emulated platforms are `skipped` rows: that is no failure.
demo: $(VENV)/ready ## run experiments/quickstart.yaml here and show its classes
	$(BIN)/eqc run --fresh --allow-missing experiments/quickstart.yaml

# Three workers, also on two processors: two of them mostly wait for containers. The tests run in
# the order of their names, in which the long ones come first.
SIDE_BY_SIDE := --numprocesses 3 --no-loadscope-reorder

test: $(VENV)/ready ## run all tests except the slow ones
	$(BIN)/pytest -m "not slow" $(SIDE_BY_SIDE) $(PYTEST)

# Variables that a caller's environment may have: no test may depend on them.
HOSTILE := OPENBLAS_CORETYPE=Haswell MKL_CBWR=COMPATIBLE OMP_NUM_THREADS=1 TZ=Asia/Kathmandu \
  LC_ALL=C KERAS_BACKEND=torch TF_ENABLE_ONEDNN_OPTS=0 ONEDNN_MAX_CPU_ISA=SSE41 \
  GLIBC_TUNABLES=glibc.malloc.check=0 NO_COLOR=1 COLUMNS=20 XDG_CACHE_HOME=/nowhere

test-hostile: $(VENV)/ready ## run the unit tests in a hostile environment, from another folder
	home=$$(mktemp -d) && cd / && env $(HOSTILE) HOME=$$home $(CURDIR)/$(BIN)/pytest \
	  -c $(CURDIR)/pyproject.toml --rootdir $(CURDIR) -m "not slow" $(SIDE_BY_SIDE) $(PYTEST) \
	  $(CURDIR)/tests/unit && rm -rf $$home

test-arm64: $(VENV)/ready ## run the tests with emulated arm64 machines (takes minutes)
	$(BIN)/pytest -m arm64 $(PYTEST)

test-versions: $(VENV)/ready ## run the tests that install versions of frameworks (takes minutes)
	$(BIN)/pytest -m "slow and not arm64" -k "not tensorflow" $(PYTEST) \
	  tests/e2e/test_versions.py tests/e2e/test_upgrade.py tests/docker/test_upgrade.py

# Without the two causes on real frameworks: found on Intel so far, not yet tried on other makers.
test-causes: $(VENV)/ready ## run the slow tests of presented CPUs, causes and kernels (takes minutes)
	$(BIN)/pytest -m slow -k "not cause_is_found" $(PYTEST) tests/e2e/test_presented.py tests/e2e/test_confirm.py \
	  tests/e2e/test_executed_sites.py tests/e2e/test_kernels.py tests/e2e/test_agree.py

test-all: $(VENV)/ready ## run all tests
	$(BIN)/pytest $(SIDE_BY_SIDE) $(PYTEST)

lint: $(VENV)/ready ## run ruff, mypy --strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=images/runner $(BIN)/lint-imports

format: $(VENV)/ready ## format and fix the code with ruff
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/ready ## run the benchmarks; each prints ratios of times that it measures
	@for file in bench/*.py; do echo "== $$file"; PYTHONPATH=images/runner $(BIN)/python $$file || exit 1; done

schemas: $(VENV)/ready ## write the published JSON Schema of experiments, and the builtins' layers
	$(BIN)/eqc schema experiment > orchestrator/experiment/experiment.schema.json
	PYTHONPATH=.:images/runner $(BIN)/python -m tests.unit.experiment.test_builtin_layers

numerics: $(VENV)/ready ## record the runner's files that numbers depend on (see test_software.py)
	PYTHONPATH=.:images/runner $(BIN)/python -m tests.unit.runner.test_software

wheel: $(VENV)/ready ## build the wheel into dist/
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

lock: ## resolve all dependencies again and write images/lock.txt
	sh .ci/lock

system: ## install missing Debian packages (needs root, or sudo without a password)
	@sh .ci/system

$(VENV)/ready: pyproject.toml $(LOCK) .ci/system
	@sh .ci/system
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint $(LOCK) --editable '.[dev]'
	# rapidocr is installed only for the trained ONNX models in its wheel, so without dependencies.
	$(BIN)/pip install --quiet --constraint $(LOCK) --no-deps rapidocr
	@touch $@

clean: ## remove everything that make has made, except results
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
