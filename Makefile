# batchlab. `make run` and `make test` do all the set-up on a fresh Debian; everything else only builds.
#
#   make run [FILE=data.csv]       set up, build, open the screen
#   make test                      set up, build, run every test
#   make                           the program, and the CUDA plugin where nvcc is
#   make check TESTS="…"           only these tests, without set-up          ROOMS="core datasets"  only these rooms
#   make bench [BENCHES="…"]       benches, beside their peers               BUILD=build/mine       objects elsewhere
#   make SANITIZE=address,undefined test · make SANITIZE=thread test         V=1                    whole commands
#   make install DESTDIR= PREFIX= · plugin · fuzz · fuzz-replay · test-real DATA=… · gpu-bundle
#   make check-includes · format · clean

.DEFAULT_GOAL := all
comma := ,

SANITIZE ?=
VARIANT := $(if $(SANITIZE),$(subst $(comma),-,$(SANITIZE)),release)
BUILD ?= build/$(VARIANT)
ROOMS ?= core datasets views app
FILE ?= datasets/samples/breast_cancer.csv
# Small data trains in milliseconds; at this pace the curves can be watched.
RUN_FLAGS ?= --epochs 100 --pace 100 --batch 16 --lr 0.005
PREFIX ?= /usr/local
DESTDIR ?=
V ?=
Q := $(if $(V),,@)
SAY = $(if $(V),@:,@printf '  %-5s %s\n')

# ---- flags ------------------------------------------------------------------------------------

# Kernels choose their instructions at run time, so the program runs on every x86-64.
OPTIMIZE ?= $(if $(SANITIZE),-O1 -fno-omit-frame-pointer,-O3)
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
# Sanitizers hide from gcc what it needs to know for these two.
ifneq ($(SANITIZE),)
ifeq ($(findstring clang,$(shell $(CC) --version)),)
WARNINGS += -Wno-format-truncation -Wno-maybe-uninitialized
endif
SANITIZERS := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
endif
CPPFLAGS += -I. -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE
CFLAGS += -std=c11 -g $(OPTIMIZE) $(WARNINGS) $(SANITIZERS) -pthread
# -rdynamic: the plugin uses the program's own base room
LDFLAGS += $(SANITIZERS) -pthread -rdynamic
LIBRARIES := -ldnnl -lncursesw -ltinfo -lsqlite3 -lcsv -lcjson -lz -larchive -lcurl -lm -lpthread -ldl

# ---- what is compiled -------------------------------------------------------------------------

SOURCES := $(sort $(shell find $(ROOMS) -name '*.c' -not -path 'core/backend/cuda/*' 2>/dev/null))
ARCHIVE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out app/main.c,$(SOURCES)))
SUPPORT ?= $(sort $(wildcard tests/support/*.c))
SUPPORT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(SUPPORT))
TESTS ?= $(sort $(shell find tests -name 'test_*.c' -not -path 'tests/support/*'))
TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(TESTS))
BENCHES ?= $(sort $(wildcard tests/bench/*.c))
BENCH_PROGRAMS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(BENCHES))

ARCHIVE := $(BUILD)/libbatchlab.a
SUPPORT_ARCHIVE := $(BUILD)/libsupport.a
PROGRAM := $(BUILD)/batchlab
PLUGIN := $(BUILD)/batchlab-cuda.so

.PHONY: all run test check setup clean install bench format check-includes plugin gpu-bundle test-real fuzz fuzz-replay
.PHONY: tests benches fuzzers always
all: $(PROGRAM) plugin

run:
	@.ci/setup run
	@$(MAKE) --no-print-directory all
	$(PROGRAM) $(RUN_FLAGS) $(FILE)

test:
	@.ci/setup test
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory check-includes
	@$(MAKE) --no-print-directory check

setup:
	@.ci/setup test

# ---- building ---------------------------------------------------------------------------------

# A file that is newer than what was made from it only when its text changes.
define remember
	@mkdir -p $(@D)
	@printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
endef

$(BUILD)/flags: always
	$(call remember,$(CC) $(CPPFLAGS) $(CFLAGS))
$(BUILD)/members: always
	$(call remember,$(ARCHIVE_OBJECTS))
$(BUILD)/support-members: always
	$(call remember,$(SUPPORT_OBJECTS))

$(PROGRAM): $(BUILD)/app/main.o $(ARCHIVE)
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBRARIES)

$(ARCHIVE): $(ARCHIVE_OBJECTS) $(BUILD)/members
$(SUPPORT_ARCHIVE): $(SUPPORT_OBJECTS) $(BUILD)/support-members
$(ARCHIVE) $(SUPPORT_ARCHIVE):
	$(SAY) AR $@
	@rm -f $@
	$(Q)ar rcs $@ $(filter %.o,$^)

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(TEST_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(SUPPORT_ARCHIVE) $(ARCHIVE)
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBRARIES)

$(BENCH_PROGRAMS): $(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(SUPPORT_ARCHIVE) $(ARCHIVE)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBRARIES)

# ---- tests ------------------------------------------------------------------------------------

export TSAN_OPTIONS ?= suppressions=$(CURDIR)/tests/support/tsan.supp ignore_noninstrumented_modules=1
export LSAN_OPTIONS ?= suppressions=$(CURDIR)/tests/support/lsan.supp print_suppressions=0
export UBSAN_OPTIONS ?= print_stacktrace=1
ENVIRONMENT := GOMP_SPINCOUNT=1000 BATCHLAB_PROGRAM=$(abspath $(PROGRAM)) BATCHLAB_PLUGINS=$(abspath $(BUILD)) \
    BATCHLAB_TEST_NVML=$(abspath $(BUILD)/standin/libnvidia-ml.so.1)
REAL_TESTS := $(shell grep -rl --include='test_*.c' BATCHLAB_DATA tests)

# The CUDA kernels run on the CPU too: the plugin's sources compiled against tests/support/cuda with g++, and the
# tests of operations and whole nets run on that: in order, with the threads of every block shuffled, and in every
# precision. (Thread sanitizers cannot follow the stand-in's fibers.)
STANDIN := $(BUILD)/standin
STANDIN_SOURCES := $(sort $(wildcard core/backend/cuda/*.cu)) tests/support/cuda/standin.cpp
STANDIN_OBJECTS := $(patsubst %,$(STANDIN)/%.o,$(STANDIN_SOURCES))
STANDIN_ON := $(if $(findstring thread,$(SANITIZE)),,$(filter tests/backend/test_ops.c tests/backend/test_models.c tests/train/test_nets.c tests/train/test_several_steps.c tests/train/test_loss_scaling.c tests/train/test_stage.c,$(TESTS)))
STANDIN_VARIANTS := cuda cuda_shuffled cuda_tf32 cuda_bf16 cuda_fp16
STANDIN_TESTS := $(foreach t,$(STANDIN_ON:%.c=$(BUILD)/%),$(STANDIN_VARIANTS:%=$(t)_%))
CXXFLAGS += -std=c++17 -g -O1 -fPIC -fvisibility=hidden -Wall -Wextra -Werror $(SANITIZERS)

$(STANDIN)/%.o: % $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY) CXX $<
	$(Q)$(CXX) $(CPPFLAGS) -Itests/support/cuda $(CXXFLAGS) -MMD -MP -x c++ -c -o $@ $<

$(STANDIN)/batchlab-cuda.so: $(STANDIN_OBJECTS)
	$(SAY) LINK $@
	$(Q)$(CXX) $(SANITIZERS) -shared -o $@ $^

$(STANDIN)/libcuda.so.1: $(STANDIN)/tests/support/cuda/libcuda.cpp.o
	$(Q)$(CXX) $(SANITIZERS) -shared -Wl,-soname,libcuda.so.1 -o $@ $^

# What a driver says of its GPU, for core/backend/telemetry.c.
$(STANDIN)/libnvidia-ml.so.1: $(STANDIN)/tests/support/cuda/nvml.cpp.o
	$(Q)$(CXX) $(SANITIZERS) -shared -o $@ $^
$(BUILD)/tests/backend/test_telemetry: | $(STANDIN)/libnvidia-ml.so.1

standin_cuda_shuffled := BATCHLAB_STANDIN_SEED=1
standin_cuda_tf32 := BATCHLAB_TEST_PRECISION=tf32
standin_cuda_bf16 := BATCHLAB_TEST_PRECISION=bf16
standin_cuda_fp16 := BATCHLAB_TEST_PRECISION=fp16
define standin_test
$(BUILD)/tests/%_$(1): $(BUILD)/tests/% $(STANDIN)/batchlab-cuda.so $(STANDIN)/libcuda.so.1
	@printf '#!/bin/sh\nexec env %s BATCHLAB_TEST_SMALL=1 LD_LIBRARY_PATH=%s BATCHLAB_PLUGINS=%s BATCHLAB_TEST_BACKEND=cuda %s\n' \
	    '$(standin_$(1))' '$(abspath $(STANDIN))' '$(abspath $(STANDIN))' '$$(abspath $$<)' >$$@
	@chmod +x $$@
endef
$(foreach v,$(STANDIN_VARIANTS),$(eval $(call standin_test,$(v))))

tests: $(TEST_PROGRAMS) $(STANDIN_TESTS)

# Some tests start the program itself.
check: $(TEST_PROGRAMS) $(STANDIN_TESTS) $(if $(filter tests/app/% tests/e2e/%,$(TESTS)),$(PROGRAM))
	@$(ENVIRONMENT) tests/support/runner $(TEST_PROGRAMS) $(STANDIN_TESTS)

# The tests that can use real data skip that part unless BATCHLAB_DATA says where it is.
test-real:
	@test -d "$(DATA)" || { echo 'make test-real DATA=FOLDER: name the folder that holds the data'; exit 2; }
ifeq ($(REAL_TESTS),)
	@echo '0 passed, 0 failed'
else
	@BATCHLAB_DATA="$(abspath $(DATA))" $(MAKE) --no-print-directory check TESTS="$(REAL_TESTS)"
endif

check-includes:
	@tests/support/check-includes.sh

benches: $(BENCH_PROGRAMS)

bench: $(BENCH_PROGRAMS)
	@for bench in $(BENCH_PROGRAMS); do $(ENVIRONMENT) $$bench || exit 1; done

# ---- fuzzing: libFuzzer where clang brings it, else every stored input once ------------------------

FUZZ_SECONDS ?= 60
# where inputs lie that are read as files: in memory, several times as many fit into a second
FUZZ_FILES ?= $(if $(wildcard /dev/shm/.),/dev/shm,/tmp)
FUZZ_SOURCES := $(filter-out tests/fuzz/replay.c,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(FUZZ_SOURCES))
HAS_LIBFUZZER = $(shell echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	clang -fsanitize=fuzzer -x c -o /dev/null - 2>/dev/null && echo yes)
# set by `fuzz` and `fuzz-replay` below: what gives the fuzz programs their main
FUZZ_MAIN ?= tests/fuzz/replay.c

fuzz:
	@if [ "$(HAS_LIBFUZZER)" != yes ]; then echo 'no clang with libFuzzer: replaying stored inputs instead'; \
	    exec $(MAKE) --no-print-directory fuzz-replay; fi; \
	CPPFLAGS=-DCSV_RAW=1024 $(MAKE) --no-print-directory CC=clang BUILD=build/fuzz SANITIZE=fuzzer-no-link,address,undefined \
	    FUZZ_MAIN=-fsanitize=fuzzer fuzzers && \
	for name in $(FUZZ_NAMES); do mkdir -p build/fuzz/corpus/$$name tests/fuzz/corpus/$$name; \
	    TMPDIR=$(FUZZ_FILES) build/fuzz/fuzz/$$name -max_total_time=$(FUZZ_SECONDS) -entropic=0 -artifact_prefix=build/fuzz/$$name- \
	        build/fuzz/corpus/$$name tests/fuzz/corpus/$$name || exit 1; done

fuzz-replay: fuzzers
	@for name in $(FUZZ_NAMES); do \
	    find tests/fuzz/corpus/$$name -type f -print0 2>/dev/null | sort -z | xargs -0 -r $(BUILD)/fuzz/$$name || exit 1; done

fuzzers: $(FUZZ_NAMES:%=$(BUILD)/fuzz/%)

$(FUZZ_NAMES:%=$(BUILD)/fuzz/%): $(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(SUPPORT_ARCHIVE) $(ARCHIVE)
$(FUZZ_NAMES:%=$(BUILD)/fuzz/%): $(patsubst %.c,$(BUILD)/%.o,$(filter %.c,$(FUZZ_MAIN)))
$(FUZZ_NAMES:%=$(BUILD)/fuzz/%):
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(LDFLAGS) $(filter -%,$(FUZZ_MAIN)) -o $@ $(filter %.o,$^) $(SUPPORT_ARCHIVE) $(ARCHIVE) $(LIBRARIES)

# ---- the CUDA plugin --------------------------------------------------------------------------

NVCC ?= $(firstword $(shell command -v nvcc 2>/dev/null) $(wildcard /usr/local/cuda/bin/nvcc))
CUDA_SOURCES := $(sort $(wildcard core/backend/cuda/*.cu))
CUDA_OBJECTS := $(patsubst %.cu,$(BUILD)/%.cu.o,$(CUDA_SOURCES))
NVCCFLAGS += -std=c++17 -O3 -I. --Werror all-warnings --compiler-options -fPIC,-fvisibility=hidden,-Wall,-Wextra,-Werror
# Machine code for A100, H100/H200 and B200 as far as this nvcc knows them; newer GPUs translate the last one's PTX.
CUDA_KNOWN = $(filter 80 90 100,$(patsubst sm_%,%,$(shell $(NVCC) --list-gpu-code)))
CUDA_TARGETS = $(foreach a,$(CUDA_KNOWN),-gencode arch=compute_$(a),code=sm_$(a)) \
	$(foreach a,$(lastword $(CUDA_KNOWN)),-gencode arch=compute_$(a),code=compute_$(a))

ifeq ($(CUDA_SOURCES),)
plugin:
else ifneq ($(SANITIZE),)
plugin:
	@echo 'CUDA plugin: left out of sanitizer builds'
else ifeq ($(NVCC),)
plugin:
	@echo 'CUDA plugin: skipped, nvcc not found (training runs on the CPU)'
else
plugin: $(PLUGIN)
endif

$(PLUGIN): $(CUDA_OBJECTS)
	$(SAY) LINK $@
	$(Q)$(NVCC) -shared -cudart static -o $@ $^ -ldl

$(BUILD)/%.cu.o: %.cu
	@mkdir -p $(@D)
	$(SAY) NVCC $<
	$(Q)$(NVCC) $(NVCCFLAGS) $(CUDA_TARGETS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<

# ---- installing and packing -------------------------------------------------------------------

install: all
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/batchlab/samples"
	install -m 755 $(PROGRAM) "$(DESTDIR)$(PREFIX)/bin/batchlab"
	cp -R datasets/samples/. "$(DESTDIR)$(PREFIX)/share/batchlab/samples"
	install -d "$(DESTDIR)$(PREFIX)/share/man/man1"
	$(PROGRAM) --man >"$(DESTDIR)$(PREFIX)/share/man/man1/batchlab.1"
	@if [ -f $(PLUGIN) ]; then set -x; install -D -m 644 $(PLUGIN) "$(DESTDIR)$(PREFIX)/lib/batchlab/batchlab-cuda.so"; fi

# Everything a GPU machine without development packages needs: tests/support/gpu-run.sh is its run.sh.
gpu-bundle: all tests benches
	@tests/support/gpu-bundle.sh $(BUILD) build/gpu-bundle

# ---- the rest ---------------------------------------------------------------------------------

format:
	git ls-files -z --cached --others --exclude-standard -- '*.c' '*.h' '*.cu' '*.cuh' | xargs -0 clang-format -i

clean:
	rm -rf build

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
