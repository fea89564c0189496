# Every target sets itself up: a virtual environment in .venv with the versions of constraints.txt.
# Another interpreter than python3: make test PYTHON=python3.12
.DEFAULT_GOAL := help
.PHONY: help demo test check bench clean
export PYTHON

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo:  ## the whole story on a simulated genome; ends with runs/demo/report.html
	@scripts/setup
	.venv/bin/dnabert demo --out runs/demo --force

test:  ## the tests
	@scripts/setup dev
	PATH="$(CURDIR)/.venv/bin:$$PATH" scripts/test

check:  ## format, lint, types, floors, spelling
	@scripts/setup dev
	PATH="$(CURDIR)/.venv/bin:$$PATH" scripts/check

bench:  ## speed beside the references, into docs/benchmarks.md, under 20 minutes; BENCH=--quick rehearses, BENCH=--check compares
	@scripts/setup dev
	.venv/bin/python -m benchmarks.speed $(BENCH)

clean:  ## remove the environment, the caches and the builds; runs/ stays
	rm -rf .venv dist build .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis .coverage
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +
