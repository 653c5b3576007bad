# Every target does its own set-up; `make help` lists them. CI runs the same targets (.ci/run).
#   make PYTHON=/path/to/python3.12 venv    chooses the interpreter (of a new .venv)
#   make ARGS="-k mnist" test               hands arguments to pytest, the demo or a tool
VENV := .venv
# Tests of one file stay together: they share what they have compiled.
PYTEST = $(PY) -m pytest -n auto --dist loadfile
PY := $(VENV)/bin/python
ARGS ?=
# Twice quiet: errors only.
PIP_INSTALL := $(PY) -m pip install -qq --disable-pip-version-check
# The next release of Brian, which needs a newer Python, has an environment of its own. brian2cuda,
# and with it the extra dev, is for the present one.
VENV_NEXT := .venv-next
PYTHON_NEXT ?=
BRIAN_NEXT ?= brian2==2.11.*
TESTS_NEXT := $(wildcard tests/engine/test_brian_*.py) \
    $(addprefix tests/engine/test_,noise.py refractory.py context.py runtime.py)
NOT_NEXT := standalone compil build shared_out Distributions OfTheUser
BENCHMARKS ?= $(sort $(filter-out benchmarks/_% benchmarks/before_after.py,$(wildcard benchmarks/*.py)))
export PYTHON
# Modules are compiled once, not by each process of a test suite, whatever the shell wishes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help venv demo test test-all examples test-brian-next lint types docs notebooks benchmarks fuzz clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 24

# An environment that works is kept, also one made by other means. One made by an interrupted call is
# made anew: its stamp is missing and pip with it.
$(VENV)/.created:
	@if ! $(PY) -c 'import pip, sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
	    python=$$(tools/find-python) || exit 1; \
	    echo "Making $(VENV) with $$python."; \
	    "$$python" -m venv --clear $(VENV); \
	fi
	@touch $@

# The demo needs no development tools and should not wait for them, nor the documentation for all of
# them: three stamps. The largest installation makes all.
$(VENV)/.installed: setup.cfg pyproject.toml | $(VENV)/.created
	@echo "Installing bioplastic into $(VENV); a minute or two the first time."
	@$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-dev: setup.cfg pyproject.toml | $(VENV)/.created
	@echo "Installing bioplastic and its development tools into $(VENV); a few minutes the first time."
	@$(PIP_INSTALL) --editable '.[dev,docs]'
	@touch $(VENV)/.installed $(VENV)/.installed-docs $@

$(VENV)/.installed-docs: setup.cfg pyproject.toml | $(VENV)/.created
	@echo "Installing bioplastic and what builds its documentation into $(VENV)."
	@$(PIP_INSTALL) --editable '.[docs]'
	@touch $(VENV)/.installed $@

$(VENV_NEXT)/.installed: setup.cfg pyproject.toml
	@python=$$(PYTHON='$(PYTHON_NEXT)' tools/find-python 3.13) || exit 1; \
	    echo "Making $(VENV_NEXT) with $$python and $(BRIAN_NEXT); a minute or two."; \
	    "$$python" -m venv --clear $(VENV_NEXT)
	@$(VENV_NEXT)/bin/python -m pip install -qq --disable-pip-version-check --editable . \
	    '$(BRIAN_NEXT)' pytest pytest-timeout hypothesis
	@touch $@

venv: $(VENV)/.installed-dev  ## the environment, with the development tools

demo: $(VENV)/.installed  ## train a network on handwritten digits; pictures in out/demo
	$(VENV)/bin/bioplastic demo --out out/demo $(ARGS)

test: $(VENV)/.installed-dev  ## the default test suite
	$(PYTEST) $(ARGS)

test-all: $(VENV)/.installed-dev  ## the slow tests too
	$(PYTEST) -m "not cuda" $(ARGS)

examples: $(VENV)/.installed-dev  ## the code of the notebooks and of the documentation
	$(PYTEST) --dist load -m "examples and not slow" tests/test_docs.py tests/test_notebooks.py $(ARGS)

test-brian-next: $(VENV_NEXT)/.installed  ## whether the next release of Brian is what we assume
	$(VENV_NEXT)/bin/python -m pytest $(TESTS_NEXT) -k 'not nothing $(NOT_NEXT:%=and not %)' $(ARGS)

lint: $(VENV)/.installed-dev  ## ruff, who may import whom, and codespell
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/lint-imports --no-cache --no-logo
	$(PY) -m codespell_lib

types: $(VENV)/.installed-dev  ## mypy, strict
	$(PY) -m mypy

# Pages of names that are gone would be warned of.
docs: $(VENV)/.installed-docs  ## the documentation site, in out/docs; a warning is an error
	@rm -rf docs/reference/generated
	$(PY) -m sphinx --quiet --fail-on-warning --keep-going --conf-dir docs \
	    --doctree-dir out/doctrees . out/docs $(ARGS)
	@echo "Open out/docs/index.html."

notebooks: $(VENV)/.installed-dev  ## run the notebooks and keep their outputs
	$(PY) tools/run_notebooks.py $(ARGS)

# A result replaces the last one only when its script came to the end.
benchmarks: $(VENV)/.installed  ## run the scripts behind the numbers in the documentation
	@mkdir -p benchmarks/results
	@for script in $(BENCHMARKS); do \
	    result=benchmarks/results/$$(basename $$script .py).txt; \
	    echo "$$script -> $$result"; \
	    $(PY) $$script $(ARGS) > $$result.part || exit 1; \
	    mv $$result.part $$result; \
	    cat $$result; \
	done

# Hours on one core. A file of out/fuzz is a fault.
fuzz: $(VENV)/.installed-dev  ## read 100,000 damaged files with each reader
	PYTHONPATH=benchmarks $(PY) tools/fuzz.py $(ARGS) > benchmarks/results/fuzz.txt.part
	@mv benchmarks/results/fuzz.txt.part benchmarks/results/fuzz.txt
	@cat benchmarks/results/fuzz.txt

clean:  ## remove what the other targets made, except the environments
	rm -rf out docs/reference/generated build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f benchmarks/results/*.part
	find bioplastic tests benchmarks tools -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
