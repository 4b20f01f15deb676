# telltale - see README.md.  One page, no recursion; CFLAGS, CPPFLAGS and LDFLAGS belong to the user.
#
#   make                   build/release/telltale          make check     all tests
#   make lint              layers, sizes, headers, data    make bench     ratios to the bare libpcap loop
#   make fuzz SECONDS=60   every fuzz target (or T=tls)    make geodb     country and ASN databases
#   make SAN=address,undefined check                       the same in a build folder of its own
#   make install PREFIX=/usr/local DESTDIR=                make deps      Debian packages that are needed

VERSION  := 0.1.0
PREFIX   ?= /usr/local
DESTDIR  ?=
SAN      ?=
V        ?= 0
SECONDS  ?= 60
CFLAGS   ?= -O2 -g
comma    := ,
B        := build/$(if $(SAN),$(subst $(comma),-,$(SAN)),release)
F        := build/fuzz
PKGS     := libpcap libndpi libmaxminddb jansson libcyaml libhs libcrypto libseccomp
PACKAGES := gcc make pkg-config libpcap-dev libndpi-dev libmaxminddb-dev libjansson-dev libcyaml-dev \
            libvectorscan-dev libssl-dev libseccomp-dev libcmocka-dev python3 python3-jsonschema time
Q        := $(if $(filter 1,$(V)),,@)
say       = $(if $(filter 1,$(V)),:,printf '  %-6s %s\n' $(1) $(2))

WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
            -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wconversion -Wno-sign-conversion
# Headers of libraries are theirs: -isystem keeps our warnings out of them.
PKG_CFLAGS := $(subst -I,-isystem ,$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lyaml
ALL_CPPFLAGS = -I. -Itests/unit -D_GNU_SOURCE -DTELLTALE_VERSION='"$(VERSION)"' \
            -DTELLTALE_DATADIR='"$(PREFIX)/share/telltale"' $(CPPFLAGS)
BASE_CFLAGS  = -std=gnu11 -pthread -fno-common -MMD -MP $(WARN) $(PKG_CFLAGS)
SAN_FLAGS    = $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
FUZZ_FLAGS   = -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

FOLDERS  := app capture flow dissectors geo catalog output core
SRC      := $(sort $(wildcard $(FOLDERS:%=%/*.c)))
LIB      := $(filter-out app/main.c app/cmd_%.c,$(SRC))
OBJ      := $(SRC:%.c=$(B)/%.o)
UNIT     := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/unit/test_*.c)))
TARGETS  := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
REPLAY   := $(TARGETS:%=$(B)/tests/fuzz/replay_%)
TOOLS    := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(filter-out tests/mkcatalog_%,$(wildcard tests/mk*.c))))
BENCH    := $(B)/tests/bench/gen $(B)/tests/bench/limits

all: $(B)/telltale

$(B)/telltale: $(OBJ)
	@$(call say,LD,$@)
	$(Q)$(CC) -pthread $(SAN_FLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(B)/libtelltale.a: $(LIB:%.c=$(B)/%.o)
	@$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D); $(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(BASE_CFLAGS) $(SAN_FLAGS) $(CFLAGS) -c -o $@ $<

$(B)/tests/unit/%: tests/unit/%.c $(B)/libtelltale.a
	@mkdir -p $(@D); $(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) -Itests $(BASE_CFLAGS) $(SAN_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libtelltale.a $(PKG_LIBS) -lcmocka

$(B)/tests/fuzz/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(B)/libtelltale.a
	@mkdir -p $(@D); $(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(filter-out -MMD -MP,$(BASE_CFLAGS)) $(SAN_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(B)/tests/mk%: tests/mk%.c $(B)/libtelltale.a
	@mkdir -p $(@D); $(call say,CC,$<)
	$(Q)$(CC) $(ALL_CPPFLAGS) -Itests $(BASE_CFLAGS) $(SAN_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(B)/libtelltale.a $(PKG_LIBS)

# Of several files, with QUIC's cipher from libcrypto.
$(B)/tests/mkcatalog: $(wildcard tests/mkcatalog*.[ch]) tests/unit/frames.h $(B)/libtelltale.a
	@mkdir -p $(@D); $(call say,CC,tests/mkcatalog.c)
	$(Q)$(CC) $(ALL_CPPFLAGS) -Itests $(filter-out -MMD -MP,$(BASE_CFLAGS)) $(SAN_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ \
	    $(filter %.c %.a,$^) $(PKG_LIBS)

$(B)/tests/bench/%: tests/bench/%.c
	@mkdir -p $(@D); $(call say,CC,$<)
	$(Q)$(CC) -O2 -std=gnu11 -pthread -o $@ $< -lpcap -lm

# --- tests ---------------------------------------------------------------------------------------
check: $(B)/telltale $(UNIT) $(REPLAY) $(TOOLS) $(BENCH)
	@B=$(B) SAN=$(SAN) UNIT="$(UNIT)" TARGETS="$(TARGETS)" bash tests/check.sh

lint: $(B)/telltale
	@B=$(B) CC="$(CC)" FLAGS="$(ALL_CPPFLAGS) $(filter-out -MMD -MP,$(BASE_CFLAGS))" bash tests/lint.sh

bench: $(B)/telltale $(BENCH) $(TOOLS)
	@B=$(B) bash tests/bench/bench.sh

$(F)/%.o: %.c
	@mkdir -p $(@D); $(call say,CC,$<)
	$(Q)clang $(ALL_CPPFLAGS) $(BASE_CFLAGS) $(FUZZ_FLAGS) -c -o $@ $<

$(F)/fuzz_%: tests/fuzz/fuzz_%.c $(LIB:%.c=$(F)/%.o)
	@$(call say,FUZZ,$@)
	$(Q)clang $(ALL_CPPFLAGS) $(filter-out -MMD -MP,$(BASE_CFLAGS)) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

fuzz: $(if $(T),$(F)/fuzz_$(T),$(TARGETS:%=$(F)/fuzz_%))
	@F=$(F) SECONDS_EACH=$(SECONDS) bash tests/fuzz/fuzz.sh $(if $(T),$(T),$(TARGETS))

# --- the rest ------------------------------------------------------------------------------------
deps:
	apt-get install -y --no-install-recommends $(PACKAGES)

geodb:
	@bash tools/geodb.sh

MAN1 := docs/telltale.1
MAN5 := docs/telltale-events.5 docs/telltale-catalog.5

install: $(B)/telltale
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/telltale/catalog/vendors \
	    $(DESTDIR)$(PREFIX)/share/telltale/schema $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 755 $(B)/telltale $(DESTDIR)$(PREFIX)/bin/telltale
	install -m 644 catalog/vendors/*.yaml $(DESTDIR)$(PREFIX)/share/telltale/catalog/vendors/
	install -m 644 output/schema/*.json $(DESTDIR)$(PREFIX)/share/telltale/schema/
	install -m 644 $(MAN1) $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(MAN5) $(DESTDIR)$(PREFIX)/share/man/man5/

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/bin/telltale $(DESTDIR)$(PREFIX)/share/telltale
	rm -f $(MAN1:docs/%=$(DESTDIR)$(PREFIX)/share/man/man1/%) $(MAN5:docs/%=$(DESTDIR)$(PREFIX)/share/man/man5/%)

clean:
	rm -rf build

.PHONY: all check lint bench fuzz deps geodb install uninstall clean
.DELETE_ON_ERROR:
.SECONDARY:
-include $(OBJ:.o=.d) $(UNIT:=.d) $(LIB:%.c=$(F)/%.d)
