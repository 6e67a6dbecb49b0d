# What a person, or a CI job, does with this project. `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check

# Files that say what has been installed, so that nothing is asked of pip when nothing has changed.
RUNS := $(VENV)/.installed
TESTS := $(VENV)/.installed-dev
BENCH := $(VENV)/.installed-bench
CLIENTS := $(VENV)/.installed-clients

# The lines of RabbitMQ that are tested besides the one of this machine.
LINES ?= 4.0 4.3

# Most of the tests wait for brokers and processes, so three files of them run at a time, the long ones first.
SIDE_BY_SIDE ?= -n 3 --dist loadfile --no-loadscope-reorder

# Have a program that Debian has in a package of the same name.
have = (PATH="$$PATH:/usr/lib/rabbitmq/bin:$$RABBITMQ_HOME/sbin"; command -v $(1) > /dev/null) || \
	deploy/apt_install.sh $(1)

.DEFAULT_GOAL := help
.PHONY: help run worker reconcile dead-letters api-keys load-test bench bench-fair-shares bench-listing bench-repeats bench-watchers test test-brokers chaos fuzz lint types format clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make run WORKERS=5 FRONTENDS=2 PORT=8000 HOST=0.0.0.0 AMQP_URL=amqp://user:password@host/   as you like"

run: $(RUNS) ## Start everything here: a broker, the page on http://localhost:5000, three workers
	@test -n "$$AMQP_URL" || $(call have,rabbitmq-server) || true
	@exec $(BIN)/python -m deploy.local run --end-with-parent

worker: $(RUNS) ## Add one more worker to what `make run` runs
	@exec $(BIN)/python -m deploy.local worker

reconcile: $(RUNS) ## Put back into the queue every job that waits, after the broker lost it; ARGS="--dry-run"
	@exec $(BIN)/python -m deploy.local.beside pipeline.reconcile $(ARGS)

dead-letters: $(RUNS) ## What no worker could do; ARGS="list", "show ID", "retry ID", "drop --all"
	@exec $(BIN)/python -m deploy.local.beside pipeline.dead_letters $(or $(ARGS),list)

api-keys: $(RUNS) ## Who may use the frontends; ARGS="add NAME", "list", "expire NAME", "remove NAME"
	@exec $(BIN)/python -m frontend.api_keys $(or $(ARGS),list)

load-test: $(RUNS) ## Send many images and measure; ARGS="--help" tells what can be asked
	@exec $(BIN)/python load_test.py $(ARGS)

bench: $(BENCH) ## Race the kernel against sharp and pyvips; ARGS="--help" tells what can be asked
	@exec $(BIN)/python -m benchmarks.kernel $(ARGS)

bench-watchers: $(RUNS) ## What 5,000 WebSockets cost, and how soon they are told; ARGS="--help"
	@$(call have,rabbitmq-server)
	@exec $(BIN)/python -m benchmarks.watchers $(ARGS)

bench-repeats: $(RUNS) ## What it saves to work an image once that comes often, of a server that runs; ARGS="--help"
	@exec $(BIN)/python -m benchmarks.repeats $(ARGS)

bench-fair-shares: $(RUNS) ## One image beside thousands of another client, of a server that runs; ARGS="--help"
	@exec $(BIN)/python -m benchmarks.fair_shares $(ARGS)

bench-listing: $(RUNS) ## Time pages of the list of 100,000 jobs; ARGS="--help" tells what can be asked
	@exec $(BIN)/python -m benchmarks.listing $(ARGS)

test: $(TESTS) $(CLIENTS) lint types ## Everything that has to pass: style, types, all tests; ARGS go to pytest
	@$(call have,rabbitmq-server)
	@$(call have,chromium)
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

test-brokers: $(TESTS) ## The tests of delivery on RabbitMQ 4.0 and 4.3; needs root. LINES=4.3, ARGS go to pytest
	@$(call have,rabbitmq-server)
	@failed=; for line in $(LINES); do \
		home=$$(deploy/broker_chroot.sh $$line) || exit 1; \
		RABBITMQ_HOME=$$home $(BIN)/python -m pytest -m delivery $(ARGS) || failed="$$failed $$line"; \
	done; test -z "$$failed" || { echo "failed on RabbitMQ$$failed" >&2; exit 1; }

chaos: $(TESTS) ## Kill everything while jobs run; SCENARIO=workers SEED=7 JOBS=1000 MINUTES=5 ARGS="--help"
	@$(call have,rabbitmq-server)
	$(BIN)/python -m tests.chaos $(SCENARIO) $(addprefix --seed ,$(SEED)) $(addprefix --jobs ,$(JOBS)) \
		$(addprefix --minutes ,$(MINUTES)) $(ARGS)

fuzz: $(TESTS) ## Damage valid files and resize them; ARGS="--cases 3000 --seed 1", "--only CASE" repeats one
	$(BIN)/python -m tests.fuzz $(ARGS)

lint: $(TESTS) ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(TESTS) ## Check types
	$(BIN)/mypy

format: $(TESTS) ## Put the code into the agreed form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what can be made again: .venv, .brokers, caches. What is queued (.run) and storage/ stay
	@test ! -e .run/runner.lock || flock --nonblock .run/runner.lock true || \
		{ echo "make run is running: stop it first" >&2; exit 2; }
	rm -rf $(VENV) .brokers benchmarks/node_modules tests/node_modules build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage* htmlcov
	rm -rf client/build client/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNS): setup.cfg pyproject.toml client/setup.cfg
	@deploy/make_venv.sh $(PYTHON) $(VENV)
	@echo "Installing the Python packages into $(VENV); the first time this may take a minute ..." >&2
	@$(PIP) install --editable '.[local]' --editable ./client
	@touch $@

$(TESTS): setup.cfg pyproject.toml client/setup.cfg
	@deploy/make_venv.sh $(PYTHON) $(VENV)
	@echo "Installing the Python packages and the tools of the tests into $(VENV); this may take a minute ..." >&2
	@$(PIP) install --editable '.[local,dev]' --editable ./client
	@touch $(RUNS) $@

$(BENCH): setup.cfg benchmarks/package.json
	@deploy/make_venv.sh $(PYTHON) $(VENV)
	@$(call have,npm)
	@echo "Installing what the benchmark compares with into $(VENV) and benchmarks/node_modules ..." >&2
	@$(PIP) install --editable '.[local,bench]'
	@cd benchmarks && npm install --no-package-lock --no-audit --no-fund --silent
	@touch $(RUNS) $@

$(CLIENTS): $(TESTS) tests/package.json
	@$(call have,npm)
	@echo "Installing the clients of resumable uploads that the tests use into tests/node_modules ..." >&2
	@cd tests && npm install --no-package-lock --no-audit --no-fund --silent
	@touch $@
