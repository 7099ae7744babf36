# make demo: the whole workflow on a simulated trial.  make test: the tests.  make lint: style and types.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
DEMO := results/demo
CORES ?= all
# Where the environment tells Python to write no bytecode, each of some hundred programs would compile anpi anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup tools demo test attack benchmark test-slurm test-s3 test-docs test-kernels test-page screenshots lock faults lint format clean reproduce validate-tumours train-tumours

help:  ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/installed tools  ## Python packages into .venv, and salmon, fastp, samtools

.venv/installed: requirements.lock .ci/uv.lock.txt
	@.ci/install-python $(PYTHON)

tools:
	@.ci/install-tools

demo: setup  ## the whole workflow on the embedded demo
	@$(BIN)/python scripts/simulate_demo.py --out $(DEMO) --if-changed
	@PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --directory $(DEMO) --config results=. --cores $(CORES)
	@echo; echo "The report: $(DEMO)/report/index.html"

test: setup  ## all tests (those on real data skip unless ANPI_EXTERNAL_DATA has it)
	@PATH="$(CURDIR)/$(BIN):$$PATH" pytest -q -n $(or $(TEST_JOBS),2) --dist loadgroup

attack: setup  ## thousands of wrong inputs, drawn by a seed: each refused, asked about or without effect (SEED, INPUTS)
	@PYTHONPATH=scripts:tests:. PATH="$(CURDIR)/$(BIN):$$PATH" python -m attack.run \
	  --inputs $(or $(INPUTS),5000) --seed $(or $(SEED),1)

test-kernels: demo  ## statistics and the demo's tables under two kernels of linear algebra: the same bytes
	@.ci/compare-kernels $(DEMO)

test-page: demo  ## the demo's report by axe-core (from npm) and the contrast of its figures, in chromium
	@PATH="$(CURDIR)/$(BIN):$$PATH" pytest -q tests/browser/run_on_demo.py

benchmark: setup  ## the table of docs/performance.md: costs against rivals in the same run (PAIRS, REPEATS; some 15 minutes)
	@PATH="$(CURDIR)/$(BIN):$$PATH" python tests/benchmarks/benchmark_all.py --write docs/performance.md \
	  --pairs $(or $(PAIRS),1000000) --repeats $(or $(REPEATS),3)

test-slurm: setup  ## the workflow on a SLURM of two nodes, built here and taken down (root; docs/cluster.md)
	@.ci/install-slurm
	@PATH="$(CURDIR)/$(BIN):$$PATH" pytest -q -s tests/slurm/run_on_slurm.py

test-s3: setup  ## the workflow on a loopback S3 server, which it installs and ends (docs/cloud.md)
	@PATH="$(CURDIR)/$(BIN):$$PATH" pytest -q tests/s3/run_on_s3.py

test-docs: setup  ## the tutorial from its downloads to its reports, and all links to other sites (network)
	@PATH="$(CURDIR)/$(BIN):$$PATH" pytest -q tests/documents/run_tutorial.py
	@cd tests && ../$(BIN)/python -m documents.check_links

screenshots: setup  ## docs/images from the demo's report (chromium; after make demo)
	@$(BIN)/python tests/browser/take_screenshots.py

lint: setup  ## ruff, snakefmt, snakemake --lint, mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/snakefmt --check workflow
	@$(BIN)/mypy scripts demo
	@$(BIN)/python scripts/simulate_demo.py --out $(DEMO) --if-changed
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/lint-snakemake --directory $(DEMO)
	@$(BIN)/python tests/benchmarks/benchmark_shards.py --samples 2 --genes 0 --prepare --keep results/stubs
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/lint-snakemake --snakefile workflow/shards.smk --directory results/stubs \
	  --config samples=samples.txt samples_dir=samples reference_genes=genes.tsv

faults: setup  ## docs/faults.md, the table of wrong inputs, anew from its tests
	@PATH="$(CURDIR)/$(BIN):$$PATH" pytest -q -m faults --write-faults

reproduce: .venv/installed  ## what differs between this installation and a run's: make reproduce MANIFEST=results/manifest.json
	@test -n "$(MANIFEST)" || { echo "Name the manifest: make reproduce MANIFEST=results/manifest.json" >&2; exit 2; }
	@PATH="$(CURDIR)/$(BIN):$$PATH" python scripts/reproduce_run.py "$(MANIFEST)" $(if $(TRIAL),--trial "$(TRIAL)")

validate-tumours: .venv/installed  ## the subtype model against labels you hold: make validate-tumours MATRIX=… LABELS=… [UNIT=tpm MODEL=… OUT=validation]
	.venv/bin/python scripts/validate_subtypes.py --expression "$(MATRIX)" --labels "$(LABELS)" --unit $(or $(UNIT),tpm) \
	  $(if $(MODEL),--model "$(MODEL)") --out "$(or $(OUT),validation)"

train-tumours: .venv/installed  ## a model from labelled tumours, tried once on others: make train-tumours MATRIX=… LABELS=… TEST_MATRIX=… TEST_LABELS=… [VERSION=3.0.0 OUT=…]
	.venv/bin/python scripts/train_subtypes.py --expression "$(MATRIX)" --labels "$(LABELS)" --unit $(or $(UNIT),tpm) \
	  $(if $(TEST_MATRIX),--test-expression "$(TEST_MATRIX)" --test-labels "$(TEST_LABELS)") \
	  --name sclc_anpi --version $(or $(VERSION),3.0.0) $(if $(OUT),--out "$(OUT)")

lock: .venv/installed  ## requirements.lock anew from pyproject.toml, with hashes
	@$(BIN)/uv pip compile --quiet pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header -o requirements.lock

format:  ## put code into the house style
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix . && $(BIN)/snakefmt workflow

clean:  ## remove the demo's results and caches, keep .venv
	rm -rf $(DEMO) results/stubs .pytest_cache .mypy_cache .ruff_cache
