# `make run` and `make test` do all that they need, on a fresh machine too. `make help` lists the rest.
# One cargo profile for everything (dev): every other one would link all of V8 again. What is installed is
# the release profile.
SHELL := /bin/bash
.NOTPARALLEL:
.DEFAULT_GOAL := help
PREFIX ?= /usr/local
# Empty: without the command line.
CLI ?= 1

CHECKS := check-fmt check-clippy check-doc check-notices check-header check-symbols check-docs check-bindings
TESTS := check-cpp-header test-rust test-c test-asan test-cpp test-cpp-asan test-js test-python test-go test-examples test-guide \
	test-static test-package
.PHONY: help run test soak bench build release header docs fmt clean install uninstall setup setup-test v8 v8-from-source $(CHECKS) $(TESTS)

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1@/p' Makefile | column -t -s @

run: ## set up, build, run the examples; the last is the TypeScript compiler
	@scripts/setup --npm
	@$(MAKE) --no-print-directory build
	@tests/js/run --in examples/js
	@examples/python/run --show
	@examples/cpp/run --show
	@examples/c/run --show --typescript

# A header that is out of date is an error here, and not mended behind your back.
test: export JSVM_HEADER_CHECK = 1
test: setup-test v8 $(CHECKS) $(TESTS) ## set up, build, and everything that must hold
	@echo "== all is well"

soak: build ## what must not grow: a million modules and more, minutes of them, with the memory that the process has
	@tests/soak/run

bench: ## the library beside the bare v8 crate, Node, and other packages for Python and Go: the tables of docs/BENCHMARKS.md
	@scripts/setup --npm
	@$(MAKE) --no-print-directory release
	@cargo bench --bench speed
	@JSVM_PROFILE=release benches/node_vm/run
	@benches/python/run
	@JSVM_PROFILE=release benches/go/run

# With the command line everywhere: without it cargo would build the library once more, into the same files.
build: setup v8 ## target/debug/libjsvm.so and target/debug/jsvm
	@echo "== build"
	@cargo build --features cli

header: setup v8 ## include/jsvm.h from the sources
	@scripts/check-header --update

docs: check-docs ## target/docs: the header as pages
	@echo "== target/docs/index.html"

release: setup v8 ## target/release/libjsvm.so, as it is installed
	@echo "== build (release)"
	@cargo build --release --locked $(if $(CLI),--features cli)
	@JSVM_PROFILE=release scripts/check-symbols
	@$(if $(STATIC),scripts/build-static)

install: release ## library, headers, jsvm, pkg-config, CMake, licences into PREFIX=/usr/local; STATIC=1: libjsvm.a
	@DESTDIR="$(DESTDIR)" scripts/install --prefix "$(PREFIX)" $(if $(STATIC),--static) $(if $(CLI),--cli)

uninstall: ## what install has put into PREFIX=, and nothing else
	@DESTDIR="$(DESTDIR)" scripts/uninstall --prefix "$(PREFIX)"

fmt: ## format the sources
	@cargo fmt

clean: ## all that was built; V8 and what was installed stay
	@cargo clean

setup:
	@scripts/setup

setup-test:
	@scripts/setup --test

v8:
	@scripts/get-v8

v8-from-source: ## vendor/v8 out of the packages of Debian, PyPI and crates.io: hours (docs/V8.md)
	@scripts/build-v8

check-fmt:
	@echo "== cargo fmt --check"
	@cargo fmt --check

check-clippy:
	@echo "== cargo clippy"
	@cargo clippy --locked --all-targets --features cli -- -D warnings

check-doc:
	@echo "== cargo doc"
	@RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --features cli

check-notices:
	@scripts/notices --check

check-header:
	@echo "== build, and the header"
	@scripts/check-header

check-symbols:
	@scripts/check-symbols

check-bindings:
	@scripts/check-bindings

check-docs: setup-test
	@echo "== doxygen"
	@mkdir -p target/docs
	@doxygen docs/Doxyfile

test-rust:
	@echo "== cargo test"
	@cargo test --features cli

test-c:
	@tests/c/run

test-asan:
	@tests/c/run --asan

check-cpp-header:
	@scripts/check-cpp-header

test-cpp:
	@tests/cpp/run

test-cpp-asan:
	@tests/cpp/run --asan

test-js:
	@tests/js/run

test-python:
	@bindings/python/run

test-go:
	@bindings/go/run

test-examples:
	@examples/c/run
	@examples/cpp/run
	@examples/python/run
	@examples/go/run
	@tests/js/run --in examples/js

test-guide:
	@tests/guide/run

test-static:
	@tests/static/run

test-package:
	@tests/package/run
