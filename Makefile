# voxpert - a thin front for CMake; `make help` prints the lines marked with two hashes.
#
# Each preset of CMakePresets.json builds in build/<preset>.

PREFIX  ?= /usr/local
DESTDIR ?=
JOBS    ?= $(shell nproc)
SECONDS ?= 60
MINUTES ?= 60

CODE = $(shell find src include apps tests bench docs/examples -name '*.[ch]' -o -name '*.cc' -o -name '*.def' 2>/dev/null)
# ThreadSanitizer needs the address space where old kernels put it.
PLAIN_ADDRESSES = $(shell setarch -R true 2>/dev/null && echo setarch -R)

.NOTPARALLEL:
.PHONY: all program release debug clang setup demo test test-fast full asan tsan fuzz fuzz-all bench bench-rivals golden \
        lint layers words readme format format-check install clean help

##  Use
all: program
program: build/release/build.ninja ## build the program and the libraries into build/release (plain `make`)
	@cmake --build --preset release -j $(JOBS) --target product

demo: ## segment a slice of a real brain with the built-in model; installs what it needs
	@tools/setup build demo
	@$(MAKE) --no-print-directory program
	@tools/demo build/release/voxpert

install: program ## install below PREFIX (/usr/local) and DESTDIR
	DESTDIR=$(abspath $(DESTDIR)) cmake --install build/release --prefix $(PREFIX)
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" -ne 0 ] || ldconfig

##  Check
test: ## build the tests and run the suite; installs what it needs
	@tools/setup build test
	@$(MAKE) --no-print-directory release
	ctest --preset release -j $(JOBS) --output-junit results.xml

test-fast: release ## build, and run what takes no more than some seconds a test: under a minute on two cores
	ctest --preset fast -j $(JOBS) --output-junit fast.xml

full: release ## the full-size goldens, with the best kernel set
	ctest --preset full -j $(JOBS) --output-junit full.xml

asan: build/asan/build.ninja ## the suite under AddressSanitizer and UndefinedBehaviorSanitizer
	cmake --build --preset asan -j $(JOBS)
	ctest --preset asan -j $(JOBS) --output-junit results.xml

tsan: build/tsan/build.ninja ## everything threaded under ThreadSanitizer
	cmake --build --preset tsan -j $(JOBS) --target threaded_tests
	$(PLAIN_ADDRESSES) ctest --preset tsan -j $(JOBS) --output-junit results.xml

fuzz: build/fuzz/build.ninja ## fuzz one parser: make fuzz T=text SECONDS=60
	@[ -f "tests/fuzz/fuzz_$(T).c" ] || { echo "make fuzz T=NAME, where NAME is one of:" \
	    $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)) >&2; exit 2; }
	cmake --build --preset fuzz -j $(JOBS) --target fuzz_$(T)
	@mkdir -p build/fuzz/corpus/$(T) build/fuzz/found/$(T)
	build/fuzz/fuzz/fuzz_$(T) -max_total_time=$(SECONDS) -timeout=10 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz/found/$(T)/ build/fuzz/corpus/$(T) tests/fuzz/corpus/$(T)

fuzz-all: ## fuzz every parser for its share, on JOBS cores: make fuzz-all MINUTES=60
	@JOBS=$(JOBS) tools/fuzz-all $(MINUTES)

golden: build/release/build.ninja ## compare with reference values: make golden F="file or folder ..."
	@[ -f tests/golden/main.c ] || { echo "make golden: tests/golden/main.c is missing" >&2; exit 1; }
	@[ -n "$(F)" ] || { echo 'usage: make golden F="file or folder ..."' >&2; exit 2; }
	@cmake --build --preset release -j $(JOBS) --target golden
	build/release/golden $(F)

##  Measure
bench: release ## time every kernel, and the encoder and prompts of whole models
	@bench/run build/release

bench-rivals: ## the same work done by ONNX Runtime and PyTorch, interleaved with ours
	@tools/setup build rivals
	@$(MAKE) --no-print-directory release
	bench/rivals build/release

##  Develop
release debug clang: %: build/%/build.ninja ## build program and tests with one preset: release, debug or clang
	@cmake --build --preset $* -j $(JOBS)

lint: layers words ## clang-tidy and cppcheck, layers and words
	@cmake --preset asan >/dev/null
	@tools/lint build/asan $(JOBS)

layers: ## hold the includes against the law of the layers
	@tools/check-layers --self-test
	@tools/check-layers

words: ## look for what must not stand in the tree, and for references that lead nowhere
	@tools/check-words --self-test
	@tools/check-words
	@tools/check-references --self-test
	@tools/check-references

readme: program ## check the commands and links of README.md and the guides
	@tools/check-readme build/release

format: ## lay out all code with clang-format
	@clang-format -i $(CODE)

format-check: ## fail where clang-format would change something
	@clang-format --dry-run -Werror $(CODE)

setup: ## install every package that any of these needs
	@tools/setup all

clean: ## remove everything that was built
	rm -rf build

help: ## print this
	@awk 'BEGIN { FS = ":.*## " } /^## / { print substr($$0, 3) } \
	    /^[a-z][-a-z ]*:.*## / { printf "    make %-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build/%/build.ninja: CMakePresets.json
	@command -v cmake >/dev/null && command -v ninja >/dev/null || \
	    { echo "CMake or Ninja is missing: tools/setup build" >&2; exit 1; }
	@cmake --preset $* >/dev/null
	@touch $@
