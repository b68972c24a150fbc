# Everything that a contributor or a CI runs. Each target does its own set-up; `make help` lists them.
#
#   LOCKED=--locked    refuse a Cargo.lock that is out of date (as .ci/run does)
#   PYTHON=python3.11  the Python that makes the virtual environment
#   C_FEATURES=http    install: a C library with the client in it, for engines that a server keeps current

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
LOCKED ?=
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
OFREP := target/ofrep
PYTHON_SDK := target/python

# The differential run compares engine, trace and oracle on DOCUMENTS random documents × CONTEXTS random contexts. Each document
# has at least one feature, so their product is the least number of decisions.
DOCUMENTS ?= 200
CONTEXTS ?= 50
LONG_DOCUMENTS ?= 10000
LONG_CONTEXTS ?= 100
SEED ?=
BENCH ?= *
FUZZ_S ?= 60
LOAD ?= all

# Where `make install` puts the C library. C_LIBRARIES is where it takes it from.
DESTDIR ?=
PREFIX ?= /usr/local
C_LIBRARIES ?= target/release-c
# What it is built with beside the default: nothing, or http (the client), which makes it twice as large.
C_FEATURES ?=

.PHONY: help demo demo-offline demo-guard load test check check-long bench bench-c bench-node bench-python fuzz schemathesis install
.PHONY: test-rust test-c test-c-client test-c-threads test-node test-ofrep test-oracle test-python wheel-python differential fmt lint doc layers schema-drift header-drift licences clean library-c size-c

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## A server, five services, and a release that walks through them, then an abort (AUTO=1 approves by itself)
	$(CARGO) run $(LOCKED) --package tidegate-admin --example demo -- $(if $(AUTO),--auto)

demo-offline: ## Play a release phase by phase without a server: who sees what, and why
	$(CARGO) run $(LOCKED) --release --example demo_offline

demo-guard: ## Play a release whose candidate is bad: a guard sees it in Prometheus and aborts it
	$(CARGO) run $(LOCKED) --package tidegate-admin --example guard_demo

load: ## Put load on an admin server and print what it takes (LOAD=idle, actions, race or delivery for one)
	$(CARGO) run $(LOCKED) --release --package tidegate-admin --example load -- $(LOAD)

test: test-rust test-c test-node test-python test-oracle test-ofrep differential ## Run all tests

check: fmt lint doc layers schema-drift header-drift licences ## Run what is checked without running the product: format, lints, docs, layers, schema, header, licences

check-long: check test ## Run all of it and more: ignored tests, many more random cases, a million decisions compared
	PROPTEST_CASES=$${PROPTEST_CASES:-4096} $(CARGO) test $(LOCKED) --workspace --release -- --include-ignored
	$(MAKE) differential DOCUMENTS=$(LONG_DOCUMENTS) CONTEXTS=$(LONG_CONTEXTS)
	$(MAKE) test-c-client test-c-threads size-c

bench: ## Measure (BENCH=name for one)
	$(CARGO) bench $(LOCKED) --package tidegate --bench '$(BENCH)'

bench-c: library-c ## Measure what the C ABI costs: the shared library, an empty call and pure Rust in one run
	$(CARGO) bench $(LOCKED) --package tidegate-c --bench boundary -- $(CURDIR)/$(C_LIBRARIES)/libtidegate_c.so

bench-node: bindings/node/node_modules/ready ## Measure what the Node package costs: beside an empty call and pure Rust in one run
	cd bindings/node && LOCKED=$(LOCKED) node scripts/build.js release bench && node bench/boundary.js

fuzz: ## Fuzz documents and contexts, FUZZ_S= seconds each; needs a nightly Rust and cargo-fuzz, and is no part of the tests
	$(PYTHON) fuzz/seed.py
	for target in document context; do \
		$(CARGO) +nightly fuzz run --sanitizer none --fuzz-dir fuzz $$target -- -max_total_time=$(FUZZ_S) -max_len=8192 -timeout=10 -rss_limit_mb=2048; \
	done

schemathesis: ## Ask a fresh admin server what its OpenAPI document allows and more: no 5xx (EXAMPLES=, SEED=); needs the network once
	scripts/schemathesis.sh

test-rust: ## Rust: unit, table, property and documentation tests; and that the root builds without its default features
	$(CARGO) build $(LOCKED) --package tidegate --no-default-features
	$(CARGO) test $(LOCKED) --workspace --exclude tidegate-c

test-c: ## C: every function and misuse under sanitizers and Valgrind, every case, the example as it is installed
	$(CARGO) test $(LOCKED) --package tidegate-c

test-node: bindings/node/node_modules/ready examples/node/node_modules/ready ## Node: the package's types, every function, misuse and case, workers, a server, OpenFeature, the guide; needs Node, and the network once
	$(CARGO) build $(LOCKED) --package tidegate-cli --bin tidegate
	cd bindings/node && LOCKED=$(LOCKED) node scripts/build.js && npm run --silent build:ts && npm run --silent types && npm test --silent

test-c-client: ## C: all of it with the client in it, which follows a file and a server
	$(CARGO) build $(LOCKED) --package tidegate-cli --bin tidegate
	$(CARGO) test $(LOCKED) --package tidegate-c --features http

test-c-threads: ## C: two threads check while a third swaps, under ThreadSanitizer; needs a nightly Rust with rust-src
	bindings/c/thread_sanitizer.sh

# Functions with a frame pointer need 60 KB less of tables for unwinding, and profilers see who called them. Cargo takes this instead of
# `rustflags` in a configuration of your own: to have both, put those into RUSTFLAGS. CARGO_ENCODED_RUSTFLAGS would hide it.
library-c size-c: override export RUSTFLAGS := $(strip $(RUSTFLAGS) -C force-frame-pointers=yes)

size-c: override C_FEATURES :=
size-c: library-c ## Hold the stripped shared C library to 2 MB, and to 9 MB with the client (MB: 10^6 bytes)
	bindings/c/size.sh $(C_LIBRARIES)/libtidegate_c.so 2000000
	$(CARGO) rustc $(LOCKED) --profile release-c --package tidegate-c --features http --lib --crate-type cdylib --target-dir target/size
	bindings/c/size.sh target/size/release-c/libtidegate_c.so 9000000

library-c: ## Build the C library as it is installed (C_FEATURES=http with the client)
	$(CARGO) rustc $(LOCKED) --profile release-c --package tidegate-c $(if $(C_FEATURES),--features '$(C_FEATURES)' )--lib --crate-type cdylib --crate-type staticlib

install: library-c ## Install the C library: header, libraries, pkg-config and CMake files (PREFIX=, DESTDIR=, LIBDIR=, C_FEATURES=)
	LIBRARIES=$(C_LIBRARIES) PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' bindings/c/install.sh

test-python: wheel-python ## Python: the wheel in a fresh environment, then every test against it, mypy and stubtest; needs the network once
	$(PYTHON_SDK)/venv/bin/python -m pytest bindings/python
	cd bindings/python && ../../$(PYTHON_SDK)/venv/bin/python -m mypy
	$(PYTHON_SDK)/venv/bin/python -m mypy.stubtest --ignore-disjoint-bases tidegate._tidegate

wheel-python: $(PYTHON_SDK)/venv/ready ## Build the wheel for tests, and install it, also where there is nothing else
	LOCKED='$(LOCKED)' bindings/python/build.sh $(PYTHON_SDK)/venv dev $(PYTHON_SDK)/wheel
	$(PYTHON_SDK)/venv/bin/python -m pip install --quiet --no-deps --force-reinstall $(PYTHON_SDK)/wheel/*.whl
	$(PYTHON) -m venv --clear --without-pip $(PYTHON_SDK)/clean
	$(PYTHON_SDK)/venv/bin/python -m pip --python $(PYTHON_SDK)/clean/bin/python install --quiet --no-deps $(PYTHON_SDK)/wheel/*.whl
	$(PYTHON_SDK)/clean/bin/python -c 'import tidegate; tidegate.Engine()'
	$(PYTHON_SDK)/clean/bin/python -m tidegate --version

bench-python: $(PYTHON_SDK)/venv/ready ## Measure what a decision costs from Python: ours, an empty call and pure Rust in one run
	$(CARGO) build $(LOCKED) --release --package tidegate-python --features bench
	mkdir -p $(PYTHON_SDK)/bench
	cp -r bindings/python/python/tidegate $(PYTHON_SDK)/bench/
	cp target/release/lib_tidegate.so $(PYTHON_SDK)/bench/tidegate/_tidegate.abi3.so
	PYTHONPATH=$(PYTHON_SDK)/bench $(PYTHON_SDK)/venv/bin/python bindings/python/benches/bench.py

test-oracle: $(VENV)/ready ## Python: the oracle's own tests, and every case of testdata/ decided by it
	$(PY) oracle/test_oracle.py
	$(PY) oracle/run_cases.py

test-ofrep: $(OFREP)/venv/ready tests/ofrep/node_modules/ready ## OFREP: the published providers for Python and Node against a server and a relay; needs Node, and the network once
	$(CARGO) build $(LOCKED) --package tidegate-cli --bin tidegate
	$(OFREP)/venv/bin/python tests/ofrep/run.py

differential: $(VENV)/ready ## Compare engine, trace and oracle on random documents (DOCUMENTS=, CONTEXTS=, SEED=)
	$(CARGO) build $(LOCKED) --release --workspace --bins
	$(PY) scripts/differential.py --documents $(DOCUMENTS) --contexts $(CONTEXTS) $(if $(SEED),--seed $(SEED))

fmt: ## Check the format (cargo fmt mends it)
	$(CARGO) fmt --all --check

lint: ## Run clippy; a warning is an error
	$(CARGO) clippy $(LOCKED) --workspace --all-targets --all-features -- -D warnings

doc: ## Build the Rust documentation, and check that docs/ names only what exists
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc $(LOCKED) --workspace --no-deps
	$(CARGO) test $(LOCKED) --workspace --test docs

layers: ## Check that imports point down, and the size of files
	$(CARGO) test $(LOCKED) --workspace --test layers

schema-drift: ## Check that docs/snapshot.schema.json is what the model says
	$(CARGO) test $(LOCKED) --package tidegate --features schema --test schema

header-drift: ## Check that tidegate.h is what the sources say, each export has its boundary, and docs/PARITY.md is true
	$(CARGO) test $(LOCKED) --package tidegate-c --test header
	$(CARGO) test $(LOCKED) --package tidegate --test parity

licences: ## Check licences, sources and number of dependencies (and cargo-deny where it is installed)
	$(PYTHON) scripts/dependencies.py $(LOCKED)
	if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check licenses bans sources; fi

clean: ## Remove all that the targets made
	$(CARGO) clean
	rm -rf $(VENV) tests/ofrep/node_modules bindings/python/tidegate.data bindings/node/node_modules bindings/node/native bindings/node/dist examples/node/node_modules

$(VENV)/ready: oracle/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --requirement oracle/requirements.txt
	touch $@

$(PYTHON_SDK)/venv/ready: bindings/python/requirements.txt
	$(PYTHON) -m venv $(PYTHON_SDK)/venv
	$(PYTHON_SDK)/venv/bin/python -m pip install --quiet --requirement bindings/python/requirements.txt
	touch $@

$(OFREP)/venv/ready: tests/ofrep/requirements.txt
	$(PYTHON) -m venv $(OFREP)/venv
	$(OFREP)/venv/bin/python -m pip install --quiet --requirement tests/ofrep/requirements.txt
	touch $@

tests/ofrep/node_modules/ready: tests/ofrep/package-lock.json
	npm ci --prefix tests/ofrep --no-audit --no-fund --silent
	touch $@

bindings/node/node_modules/ready: bindings/node/package-lock.json
	npm ci --prefix bindings/node --no-audit --no-fund --silent
	touch $@

# Where a service has `npm install tidegate`, the examples have the package of this tree.
examples/node/node_modules/ready: examples/node/package-lock.json
	npm ci --prefix examples/node --no-audit --no-fund --silent
	ln -sfn ../../../bindings/node examples/node/node_modules/tidegate
	touch $@
