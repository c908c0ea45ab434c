# What "built", "checked", "tested" and "measured" mean. CI calls these names and defines none of its own.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

# Versions of the tools that cargo does not bring along.
CARGO_DENY := 0.20.2
CARGO_FUZZ := 0.13.2

# How long each fuzz target runs.
FUZZ_SECONDS ?= 60
FUZZ_DIR := tests/fuzz

.PHONY: help build setup test test-rust test-browsers check fmt clippy doc deny advisories sans-io fuzz bench measure demo

help: ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

build: ## build everything, dev profile
	cargo build --workspace --locked

setup: ## install what the tests need, where it is missing (Debian 12)
	tests/setup.sh

test: setup test-rust test-browsers ## all tests

test-rust: sans-io ## unit, property, simulation and HTTP tests
	cargo test --workspace --locked
	cargo test --locked --bench forwarding --bench latency

test-browsers: ## real browsers and other clients through the real server
	cargo test --workspace --locked --no-run # the binary as test-rust has built it, and nothing twice
	cd tests/browsers && npm test

check: fmt clippy doc deny sans-io ## everything that is checked without running it

fmt:
	cargo fmt --all --check

clippy:
	cargo clippy --workspace --all-targets --locked -- -D warnings

doc:
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

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

bench: ## what a packet costs
	cargo bench --workspace --locked

measure: setup ## join times and load with real browsers, as JSON
	cargo build --release --locked --bin rapport
	cd tests/browsers && RAPPORT_BIN=$(CURDIR)/target/release/rapport npm run --silent measure

demo: ## build for release, start a server on this machine, say what to do next
	cargo build --release --locked --bin rapport
	config/demo.sh target/release/rapport
