# What "built", "checked", "tested" and "measured" mean. CI calls these names and defines none of its own.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Versions of the tools that cargo does not bring along.
CARGO_DENY := 0.20.2
CARGO_FUZZ := 0.13.2

# How long each fuzz target runs.
FUZZ_SECONDS ?= 60
FUZZ_DIR := tests/fuzz

# How often each server is loaded in `make bench-rivals`, and how long each size is watched.
RIVALS_ROUNDS ?= 5
RIVALS_SECONDS ?= 2

# Written by npm when it has installed what the lock file says.
WEB_PACKAGES := web/node_modules/.package-lock.json
PAGES := web/app/dist/index.html
PAGE_SOURCES := web/compress.mjs web/manifest.mjs $(shell find web/app web/client '(' -name node_modules -o -name dist ')' -prune -o -type f -print)

.PHONY: help build pages setup test test-rust test-web test-browsers check fmt clippy doc web-check deny advisories sans-io fuzz bench bench-rivals measure demo

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: pages ## build everything, dev profile
	cargo build --workspace --locked

pages: $(PAGES) ## build the pages that a browser loads, if they have changed

$(WEB_PACKAGES): web/package.json web/package-lock.json web/app/package.json web/client/package.json
	cd web
	npm ci --no-audit --no-fund --ignore-scripts
	touch node_modules/.package-lock.json

$(PAGES): $(WEB_PACKAGES) $(PAGE_SOURCES)
	cd web
	npm run build

setup: $(WEB_PACKAGES) ## install what the tests need, where it is missing (Debian 12)
	tests/setup.sh

test: setup test-rust test-web test-browsers ## all tests

test-rust: sans-io ## unit, property, simulation and HTTP tests
	cargo test --workspace --locked
	cargo test --locked --bench forwarding --bench latency

test-web: $(WEB_PACKAGES) ## unit tests of the client library and the pages
	cd web
	npm test

test-browsers: pages ## real browsers and other clients through the real server
	cargo test --workspace --locked --no-run # the binary as test-rust has built it, and nothing twice
	cd tests/browsers && npm test

check: fmt clippy doc web-check deny sans-io ## everything that is checked without running it

fmt:
	cargo fmt --all --check

clippy:
	cargo clippy --workspace --all-targets --locked -- -D warnings

doc:
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

web-check: $(WEB_PACKAGES) ## types and format of everything in web/
	cd web
	npm run check

# An unoptimised build of the tool is done in a third of the time, and checking takes a second either way.
deny: ## licences, sources and bans of dependencies
	cargo deny --version 2>/dev/null | grep -qF ' $(CARGO_DENY)' || cargo install --locked --debug cargo-deny --version $(CARGO_DENY)
	cargo deny --locked check --hide-inclusion-graph bans licenses sources

advisories: deny ## known vulnerabilities of dependencies; needs github.com for the database
	cargo deny --locked check advisories

sans-io: ## the media plane names neither a runtime nor a web server
	tree="$$(cargo tree --locked -p rapport-sfu --prefix none)"
	! grep -E '^(tokio|axum)([ -]|$$)' <<<"$$tree"

fuzz: ## every fuzz target for FUZZ_SECONDS each; needs a nightly toolchain
	cargo +nightly fuzz --version 2>/dev/null | grep -qF ' $(CARGO_FUZZ)' || cargo install --locked --debug cargo-fuzz --version $(CARGO_FUZZ)
	targets="$$(cargo +nightly fuzz list --fuzz-dir $(FUZZ_DIR))"
	for target in $$targets; do
		cargo +nightly fuzz run --fuzz-dir $(FUZZ_DIR) "$$target" -- -max_total_time=$(FUZZ_SECONDS)
	done

bench: ## what a packet costs, beside the committed baseline
	cargo bench --locked --bench forwarding --bench latency

bench-rivals: ## this server beside Janus and Pion, as JSON and tables; installs them (Debian 12)
	benches/rivals/run.sh --pairs $(RIVALS_ROUNDS) --seconds $(RIVALS_SECONDS) $(RIVALS_OPTIONS)

measure: setup pages ## join times, load, the cost of sealing and of recording with real browsers, as JSON
	cargo build --release --locked --bin rapport
	cargo build --locked -p rapport-sealed-client --bin sealed-client
	cd tests/browsers && RAPPORT_BIN=$(CURDIR)/target/release/rapport npm run --silent measure
	RAPPORT_BIN=$(CURDIR)/target/release/rapport npm run --silent measure-call
	RAPPORT_BIN=$(CURDIR)/target/release/rapport npm run --silent measure-sealing
	RAPPORT_BIN=$(CURDIR)/target/release/rapport npm run --silent measure-recording

demo: pages ## build for release, start a server on this machine, print two links into one call
	cargo build --release --locked --bin rapport
	exec target/release/rapport demo
