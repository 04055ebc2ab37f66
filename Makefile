# SPDX-License-Identifier: ISC
#
# make            builds build/mxadmin
# make run        the main job on a fresh machine, in the foreground (PORT, DIR, DEPS)
# make check      every test on a fresh machine; the last line counts them
# make bench      the benchmarks
# make install    DESTDIR= PREFIX=
#
# BUILD names the folder that is built in, so that variants stand side by side:
#   make BUILD=build/asan CC=clang SANITIZE=address,undefined

BUILD   ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
DEPS    ?= yes
VERSION := 0.1.0

CFLAGS ?= -O2 -g
# What follows survives a user's CFLAGS.
WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wnull-dereference
WERROR   ?=
HARDEN   := -fstack-protector-strong -fPIE
ifeq ($(findstring -O0,$(CFLAGS))$(SANITIZE),)
HARDEN   += -D_FORTIFY_SOURCE=2
endif
SANITIZE ?=
ifneq ($(SANITIZE),)
SANITIZER := -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

PKG_CONFIG ?= pkg-config
PACKAGES   := fcgi jansson sqlite3 libcrypto libcrypt yaml-0.1
MISSING    := $(shell for p in $(PACKAGES); do $(PKG_CONFIG) --exists $$p || echo $$p; done)
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -lscrypt

ALL_CPPFLAGS := -D_GNU_SOURCE -DMXADMIN_VERSION='"$(VERSION)"' -DMXADMIN_PREFIX='"$(PREFIX)"' -Isrc $(PKG_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS   := -std=c11 $(WARNINGS) $(WERROR) $(HARDEN) $(CFLAGS) $(SANITIZER)
ALL_LDFLAGS  := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS) $(SANITIZER)

SOURCES := $(sort $(wildcard src/*/*.c src/*/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)

.PHONY: all run check bench install clean packages sample format
all: packages $(BUILD)/mxadmin

# Says which packages are missing, and how to get them, before the compiler says it in its own way.
packages:
ifneq ($(MISSING),)
	@echo "missing libraries: $(MISSING)" >&2; \
	echo "On Debian 12: apt-get install $$(cat tests/packages-build | tr '\n' ' ')" >&2; exit 1
endif

$(BUILD)/mxadmin: $(BUILD)/cgi-bin/mxadmin.o $(BUILD)/libmxadmin.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/libmxadmin.a: $(OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

# Flags are part of what an object depends on.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)' > $@
.PHONY: FORCE
FORCE:

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# Unit tests: one cmocka program a file; `make unit` builds them, tests/run runs them.
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
.PHONY: unit fuzz
unit: $(UNIT)
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libmxadmin.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) -Itests/unit $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -o $@ $< $(BUILD)/libmxadmin.a $(PKG_LIBS) -lcmocka

# Fuzz targets, each the parser's real entry point; they want BUILD=build/fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined.
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))
fuzz: $(FUZZ)
$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/libmxadmin.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(BUILD)/libmxadmin.a $(PKG_LIBS)

run:
	@DEPS=$(DEPS) MAKE='$(MAKE)' ./nginx/run

check:
	@MAKE='$(MAKE)' ./tests/run

bench:
	@MAKE='$(MAKE)' ./tests/bench/run

# The sample is made from the option table; `make check` proves that it is up to date.
sample: $(BUILD)/mxadmin
	$(BUILD)/mxadmin sample > conf/mxadmin.yaml

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD)
