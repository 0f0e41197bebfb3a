# `make run` and `make test` do all that they need, on a fresh machine too. `make help` lists the rest.
# One cargo profile for everything (dev): every other one would link all of V8 again.
SHELL := /bin/bash
.NOTPARALLEL:
.DEFAULT_GOAL := help
CHECKS := check-fmt check-clippy check-doc check-header check-symbols check-docs test-rust test-c test-asan \
	test-examples test-guide
.PHONY: help run test bench build header docs fmt clean setup v8 $(CHECKS)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1@/p' Makefile | column -t -s @

run: ## set up, build, run the C examples; the last is the TypeScript compiler
	@scripts/setup --typescript
	@$(MAKE) --no-print-directory build
	@examples/c/run --show --typescript

# A header that is out of date is an error here, and not mended behind your back.
test: export JSVM_HEADER_CHECK = 1
test: setup v8 $(CHECKS) ## set up, build, and everything that must hold
	@echo "== all is well"

bench: setup v8 ## what the library costs beside the bare v8 crate: the table of docs/BENCHMARKS.md
	@cargo bench --bench speed

build: setup v8 ## target/debug/libjsvm.so
	@echo "== build"
	@cargo build

header: setup v8 ## include/jsvm.h from the sources
	@scripts/check-header --update

docs: check-docs ## target/docs: the header as pages
	@echo "== target/docs/index.html"

fmt: ## format the sources
	@cargo fmt

clean: ## all that was built; V8 and what was installed stay
	@cargo clean

setup:
	@scripts/setup

v8:
	@scripts/get-v8

check-fmt:
	@echo "== cargo fmt --check"
	@cargo fmt --check

check-clippy:
	@echo "== cargo clippy"
	@cargo clippy --locked --all-targets -- -D warnings

check-doc:
	@echo "== cargo doc"
	@RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

check-header:
	@echo "== build, and the header"
	@scripts/check-header

check-symbols:
	@scripts/check-symbols

check-docs: setup
	@echo "== doxygen"
	@mkdir -p target/docs
	@doxygen docs/Doxyfile

test-rust:
	@echo "== cargo test"
	@cargo test

test-c:
	@tests/c/run

test-asan:
	@tests/c/run --asan

test-examples:
	@examples/c/run

test-guide:
	@tests/guide/run
