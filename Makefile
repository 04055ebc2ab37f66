# SPDX-License-Identifier: ISC
#
# make            builds build/mxadmin
# make run        the main job on a fresh machine, in the foreground (PORT, DIR, DEPS); beside a Dendrite that runs with
#                 DENDRITE=path/to/dendrite.yaml HOMESERVER=http://127.0.0.1:8008 ADMIN_TOKEN=… or ADMIN=localpart
# make check      every test on a fresh machine; the last line counts them (DEPS)
# make check-dendrite   DENDRITE_BIN=; the tests that want a real Dendrite
# make check-synapse    SYNAPSE_PYTHON=; the answers compared with a real Synapse's
# make bench      SYNAPSE_PYTHON= DENDRITE_BIN=; the benchmarks, also against a real Synapse and a real Dendrite
# make install    DESTDIR= PREFIX= SYSCONFDIR=
# make unit       builds the unit tests; `make fuzz` the fuzz targets
# make sample     conf/mxadmin.yaml anew from the option table; `make format` the sources anew by clang-format
# make clean
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
PACKAGES   := fcgi jansson sqlite3 libcrypto libcrypt libcurl yaml-0.1
MISSING    := $(shell for p in $(PACKAGES); do $(PKG_CONFIG) --exists $$p || echo $$p; done)
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -lscrypt

ALL_CPPFLAGS := -D_GNU_SOURCE -DMXADMIN_VERSION='"$(VERSION)"' -DMXADMIN_PREFIX='"$(PREFIX)"' -Isrc $(PKG_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS   := -std=c11 $(WARNINGS) $(WERROR) $(HARDEN) $(CFLAGS) $(SANITIZER)
ALL_LDFLAGS  := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS) $(SANITIZER)

# One line a file; V=1 shows the whole commands.
V ?=
ifeq ($(V),)
Q := @
say = @echo "  $(1)  $(2)"
else
say = @:
endif

SOURCES := $(sort $(wildcard src/*/*.c src/*/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)

.PHONY: all run check check-dendrite check-synapse bench install clean packages sample format
all: packages $(BUILD)/mxadmin

# Says which packages are missing, and how to get them, before the compiler says it in its own way.
packages:
ifneq ($(MISSING),)
	@echo "missing libraries: $(MISSING)" >&2; \
	echo "On Debian 12: apt-get install $$(cat tests/packages-build | tr '\n' ' ')" >&2; exit 1
endif

$(BUILD)/mxadmin: $(BUILD)/cgi-bin/mxadmin.o $(BUILD)/libmxadmin.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/libmxadmin.a: $(OBJECTS)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# Flags are part of what an object depends on.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)' > $@
.PHONY: FORCE
FORCE:

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# Unit tests: one cmocka program a file; `make unit` builds them, tests/run runs them.
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))
.PHONY: unit fuzz
unit: $(UNIT)
$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libmxadmin.a
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) -Itests/unit $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -o $@ $< $(BUILD)/libmxadmin.a $(PKG_LIBS) -lcmocka

# What tests/matrix compares with its own reading of the specification.
unit: $(BUILD)/matrix/event_check $(BUILD)/matrix/id_check
$(BUILD)/matrix/%: tests/matrix/%.c $(BUILD)/libmxadmin.a
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -o $@ $< $(BUILD)/libmxadmin.a $(PKG_LIBS)

# Fuzz targets, each the parser's real entry point; they want BUILD=build/fuzz CC=clang SANITIZE=fuzzer-no-link,address,undefined.
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/*.c))
fuzz: $(FUZZ)
$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/libmxadmin.a
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(BUILD)/libmxadmin.a $(PKG_LIBS)

run:
	@DEPS=$(DEPS) MAKE='$(MAKE)' ./nginx/run

check:
	@MAKE='$(MAKE)' ./tests/run

check-dendrite:
	@MAKE='$(MAKE)' DENDRITE_BIN='$(DENDRITE_BIN)' ./tests/check-dendrite

check-synapse:
	@MAKE='$(MAKE)' DEPS='$(DEPS)' SYNAPSE_PYTHON='$(SYNAPSE_PYTHON)' ./tests/check-synapse

bench:
	@MAKE='$(MAKE)' SYNAPSE_PYTHON='$(SYNAPSE_PYTHON)' DENDRITE_BIN='$(DENDRITE_BIN)' ./tests/bench/run

# The sample is made from the option table; `make check` proves that it is up to date.
sample: $(BUILD)/mxadmin
	$(BUILD)/mxadmin sample > conf/mxadmin.yaml

# The paths in the installed files follow PREFIX and SYSCONFDIR. SYSCONFDIR does not follow PREFIX: it is where the
# program looks for its configuration when neither -c nor MXADMIN_CONFIG says where. What an operator has edited is
# not touched: the configuration is installed as a sample, to be copied.
SYSCONFDIR ?= /etc
INSTALL    ?= install
SHARE      := $(PREFIX)/share/mxadmin
# Source and target of every file but the program.
INSTALLED := conf/mxadmin.yaml:$(SYSCONFDIR)/mxadmin/mxadmin.yaml.sample \
	conf/systemd/mxadmin.service:$(PREFIX)/lib/systemd/system/mxadmin.service \
	conf/systemd/mxadmin-work.service:$(PREFIX)/lib/systemd/system/mxadmin-work.service \
	conf/systemd/mxadmin.socket:$(PREFIX)/lib/systemd/system/mxadmin.socket \
	conf/systemd/mxadmin.sysusers:$(PREFIX)/lib/sysusers.d/mxadmin.conf \
	conf/man/mxadmin.1:$(PREFIX)/share/man/man1/mxadmin.1 \
	conf/man/mxadmin.yaml.5:$(PREFIX)/share/man/man5/mxadmin.yaml.5 \
	conf/systemd/dendrite-mxadmin.conf:$(SHARE)/systemd/dendrite-mxadmin.conf \
	LICENSE:$(PREFIX)/share/doc/mxadmin/LICENSE \
	$(foreach f,$(wildcard nginx/*.conf nginx/snippets/*.conf),$(f):$(SHARE)/$(f)) \
	$(foreach f,$(wildcard conf/apache/*.conf),$(f):$(SHARE)/apache/$(notdir $(f)))
install: all
	umask 022; $(INSTALL) -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/mxadmin/cgi-bin
	$(INSTALL) -m 755 $(BUILD)/mxadmin $(DESTDIR)$(PREFIX)/bin/mxadmin
	ln -sf ../../../bin/mxadmin $(DESTDIR)$(PREFIX)/lib/mxadmin/cgi-bin/mxadmin
	@set -e; umask 022; for pair in $(INSTALLED); do \
		target="$(DESTDIR)$${pair#*:}"; \
		echo "install $${pair%%:*} as $$target"; \
		$(INSTALL) -d "$$(dirname "$$target")"; \
		sed -e 's|/usr/local/|$(PREFIX)/|g' -e 's|/etc/mxadmin/|$(SYSCONFDIR)/mxadmin/|g' \
			"$${pair%%:*}" > "$$target.new"; \
		chmod 644 "$$target.new"; \
		mv -f "$$target.new" "$$target"; \
	done

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD)
