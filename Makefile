# clipd's commands for those who build it. `make` lists them.
#
# Every step of the set-up says what it does and is skipped when it is done.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

PREFIX  ?= /usr/local
DESTDIR ?=
# What `make demo` and `make fuzz` hand on, as in: make demo ARGS="--addr 127.0.0.1:9000"
ARGS     ?=
FUZZTIME ?= 20s
SOAKTIME ?= 10m
BENCH    ?= .
# Some distributions keep Go from fetching the toolchain that go.mod asks for.
export GOTOOLCHAIN ?= auto

## Two commands to begin with

.PHONY: demo
demo: build ## set up, index the demo gallery, serve it on this machine
	@bin/clipd demo $(ARGS)

.PHONY: test
test: deps pyenv browser ## set up, then check formatting, vet, and run all tests
	@scripts/test.sh

## Building

.PHONY: build
build: deps ## bin/clipd and the libraries that it needs
	@scripts/build.sh

.PHONY: deps
deps: ## check the tools; libtokenizers.a and ONNX Runtime into build/lib
	@scripts/preflight.sh
	@scripts/tokenizers.sh
	@scripts/onnxruntime.sh

.PHONY: install
install: build ## clipd below PREFIX (/usr/local), the library beside it
	@scripts/install.sh "$(DESTDIR)$(PREFIX)"

.PHONY: uninstall
uninstall: ## take away what install put there
	@scripts/install.sh --remove "$(DESTDIR)$(PREFIX)"

.PHONY: docker
docker: ## the container image clipd:latest
	docker build --tag clipd:latest .

## Checking

.PHONY: check
check: test race fuzz scripts-check ## the whole gate: tests, races, a little fuzzing, the scripts
	@echo "All checks passed."

.PHONY: race
race: deps ## all tests under the race detector
	@go test -race ./...

.PHONY: fuzz
fuzz: deps ## every fuzz target for FUZZTIME (20s)
	@scripts/fuzz.sh "$(FUZZTIME)"

.PHONY: soak
soak: deps ## random work on a collection, with kills, beside a plain map for SOAKTIME (10m)
	@CLIPD_SOAK=$(SOAKTIME) go test -count 1 -v -timeout 0 -run '^TestSoak$$' ./space/catalog

.PHONY: bench
bench: deps ## the benchmarks of every package; BENCH=regexp chooses
	@go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: bench-stages
bench-stages: deps ## one benchmark for each stage of a request, as in docs/performance.md; TIME=1s
	@scripts/bench_stages.sh

.PHONY: bench-soak
bench-soak: build ## memory over 10,000 images of mixed sizes; fails where it grows
	@bin/clipd bench soak $(ARGS)

.PHONY: bench-model
bench-model: ## build/bench-model: a CLIP in full size with random weights, for clipd bench encode
	@scripts/benchmodel.sh

.PHONY: bench-knn
bench-knn: build ## the vector index beside hnswlib, faiss and usearch; ARGS="--n 1000000 --plot knn.svg"
	@scripts/benchknn.sh
	@bin/clipd bench knn --peers --python build/venv-knn/bin/python $(ARGS)

.PHONY: bench-dupes
bench-dupes: deps ## how well copies are found, beside other programs; BASES=2000 pictures
	@scripts/bench-dupes.sh $(or $(BASES),2000)

.PHONY: goldens
goldens: pyenv ## make the reference answers again that tests compare with
	@scripts/goldens.sh

.PHONY: screenshots
screenshots: build pyenv browser ## docs/images, from the demo in Chromium
	@scripts/screenshots.sh

.PHONY: wide
wide: ## thousands of pictures beside Pillow: decoding and resizing, level for level (minutes)
	@scripts/wide.sh

.PHONY: openvino
openvino: deps ## OpenVINO into build/openvino; the families beside their references on it
	@scripts/openvino.sh

.PHONY: verify
verify: deps ## compare with the goldens, those of full size too that make goldens leaves
	@CLIPD_GOLDENS="$(CURDIR)/build/goldens/full" go test -count 1 ./preprocess ./textenc ./imageenc ./models

.PHONY: scripts-check
scripts-check: ## shellcheck on the scripts, where it is installed
	@scripts/check.sh

.PHONY: pyenv
pyenv: ## build/venv: the Python clients that tests talk to the server with
	@scripts/pyenv.sh

.PHONY: browser
browser: ## say whether there is a Chromium for the page's tests; on CI, install one
	@scripts/browser.sh

## Cleaning up

.PHONY: clean
clean: ## bin/ and build/; libraries stay in the user's cache
	@rm -rf bin build
	@echo "bin and build are gone; \`make demo\` makes them again."

.PHONY: distclean
distclean: clean ## the user's cache of libraries, too
	@rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/clipd/build"
	@echo "The cache of libraries is gone too."

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^## / { printf "\n%s\n", substr($$0, 4) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\nNew here? `make demo`, then open the address that it prints.\n'
