# batchlab. `make run` and `make test` do all the set-up on Debian; `make check` only builds and runs tests.
#   ROOMS="core/base datasets"   compile only these folders     TESTS="tests/base/test_rng.c"  only these tests
#   SANITIZE=address,undefined   a build of its own beside the release      BUILD=build/mine  objects elsewhere

.DEFAULT_GOAL := all
comma := ,

CC ?= gcc
SANITIZE ?=
VARIANT := $(if $(SANITIZE),$(subst $(comma),-,$(SANITIZE)),release)
BUILD ?= build/$(VARIANT)
ROOMS ?= core datasets views app

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
OPTIMIZE ?= $(if $(SANITIZE),-O1 -fno-omit-frame-pointer,-O3)
SANITIZERS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)
CPPFLAGS += -I. -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE
CFLAGS += -std=c11 -g $(OPTIMIZE) $(WARNINGS) $(SANITIZERS) -pthread
LDFLAGS += $(SANITIZERS) -pthread -rdynamic
LIBRARIES := -ldnnl -lncursesw -ltinfo -lsqlite3 -lcsv -lcjson -lz -larchive -lcurl -lm -lpthread -ldl

# ---- what is compiled -------------------------------------------------------------------------

SOURCES := $(sort $(shell find $(ROOMS) -name '*.c' -not -path 'core/backend/cuda/*' 2>/dev/null))
ARCHIVE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out app/main.c,$(SOURCES)))
SUPPORT ?= $(sort $(wildcard tests/support/*.c))
SUPPORT_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(SUPPORT))
TESTS ?= $(sort $(shell find tests -name 'test_*.c' -not -path 'tests/support/*'))
TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(TESTS))

ARCHIVE := $(BUILD)/libbatchlab.a
SUPPORT_ARCHIVE := $(BUILD)/libsupport.a
PROGRAM := $(BUILD)/batchlab

.PHONY: all check clean
all: $(PROGRAM)

$(PROGRAM): $(BUILD)/app/main.o $(ARCHIVE)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBRARIES)

# An archive keeps members whose source is gone, so it is made anew each time.
$(ARCHIVE): $(ARCHIVE_OBJECTS)
$(SUPPORT_ARCHIVE): $(SUPPORT_OBJECTS)
$(ARCHIVE) $(SUPPORT_ARCHIVE):
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(TEST_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(SUPPORT_ARCHIVE) $(ARCHIVE)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBRARIES)

check: $(TEST_PROGRAMS)
	@tests/support/runner $(TEST_PROGRAMS)

clean:
	rm -rf build

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
