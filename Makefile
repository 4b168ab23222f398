# Everything that one does with Roster. `make` alone lists it.

GO ?= go
BIN := bin
# Tests of packages run side by side, and each package has a PostgreSQL of its own. Vetting is a matter of `make check`.
TEST_FLAGS := -timeout 40m -vet=off $(if $(RACE),-race)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: postgres build ## run Roster on http://localhost:8080, from a bare clone
	@ROSTER_DEV=1 exec $(BIN)/roster serve

.PHONY: demo
demo: postgres build ## run Roster with a believable world in it
	@ROSTER_DEV=1 exec $(BIN)/roster serve --demo

# How many packages are tested at once: one more than there are processors, for tests also wait for others.
PACKAGES ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
# What takes longest goes first, so that nothing is left alone at the end.
LONG := ./web ./cmd/roster ./internal/roster ./internal/faulttest ./internal/seed ./db/prove ./internal/account

# What is drawn to be tried is drawn from this; SEED=… tries the same again.
SEED ?= $(shell od -An -N4 -tx4 /dev/urandom | tr -d ' ')

.PHONY: test
test: SEED := $(SEED)
test: postgres chromium pgbouncer ## run all tests, the browser's included; RACE=1 with the race detector, SEED=… as in that run
	@echo "SEED=$(SEED)"
	SEED=$(SEED) $(GO) test $(TEST_FLAGS) -p $(PACKAGES) $(LONG) ./... || { echo "It was drawn with SEED=$(SEED)."; exit 1; }

.PHONY: test-all
test-all: postgres chromium pgbouncer ## run every round, width and mutant of the tests, of which test draws some (an hour at most)
	ALL=1 $(GO) test $(subst 40m,90m,$(TEST_FLAGS)) -p $(PACKAGES) $(LONG) ./...

# What speaks to PostgreSQL, beside the browser's story.
POSTGRES := ./internal/roster ./internal/faulttest ./db ./db/prove ./internal/account ./internal/privatepg

# The tests themselves ask the server for its version, so none is run on another one by mistake.
.PHONY: test-postgres
test-postgres: SEED := $(SEED)
test-postgres: chromium pgbouncer ## run what speaks to PostgreSQL on every major version; MAJORS="15 18" for some, RACE=1
	@servers=$$(sh .ci/servers $(MAJORS)) || exit 1; \
	echo "$$servers" | while read -r major bin; do \
		echo "PostgreSQL $$major, $$bin: $(POSTGRES), the browser's story; SEED=$(SEED)"; \
		export ROSTER_TEST_MAJOR="$$major" ROSTER_PG_BIN="$$bin" SEED=$(SEED); \
		$(GO) test $(TEST_FLAGS) -p $(PACKAGES) $(POSTGRES) </dev/null || exit 1; \
		$(GO) test $(TEST_FLAGS) -run '^TestStory$$' ./cmd/roster </dev/null || exit 1; \
	done

# How long each target of fuzz is tried.
FUZZTIME ?= 30s

.PHONY: fuzz
fuzz: ## try every parser with made-up input; FUZZTIME=5m for longer than 30s each
	@targets=$$($(GO) test -list '^Fuzz' ./...) || { echo "$$targets"; exit 1; }; \
	echo "$$targets" | awk '/^Fuzz/ { found[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, found[i]; n = 0 }' | \
	while read -r package target; do \
		echo "$$package $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package </dev/null || exit 1; \
	done

.PHONY: faults
faults: postgres pgbouncer ## break what Roster stands on, at length: the faults that take too long for every change
	$(GO) test -tags faults -count=1 -timeout 40m $(if $(RACE),-race) -v ./internal/faulttest
	$(GO) test -tags faults -count=1 -run 'TakesAsLong$$' -v ./web ./internal/account

# The worlds stay in var/bench: the first run seeds them, which takes as long as all the rest.
.PHONY: bench
bench: postgres build ## measure Roster against its budgets (a quarter of an hour at most); QUICK=1 with small worlds
	@$(GO) build -o $(BIN)/ceiling ./internal/bench/ceiling
	@$(GO) build -o $(BIN)/bench ./internal/bench
	@$(BIN)/bench $(if $(QUICK),-quick)

.PHONY: check
check: verify lint ## what needs no running: generated files current, formatting, vet, staticcheck

# The program knows the commit that it is built from, unless git does not tell: outside a clone, or in somebody else's.
VCS := $(shell git rev-parse --verify -q HEAD >/dev/null 2>&1 && echo auto || echo false)

.PHONY: build
build:
	@mkdir -p $(BIN)
	@$(GO) build -buildvcs=$(VCS) -o $(BIN)/roster ./cmd/roster

.PHONY: generate
generate: tools ## write the generated files anew (sqlc, templ)
	$(BIN)/sqlc generate
	$(BIN)/templ generate -path views -log-level warn
	$(BIN)/templ generate -path internal/bench/ceiling -log-level warn

.PHONY: verify
verify: generate
	@git diff --exit-code -- db views internal/bench/ceiling || { echo "Generated files are not current: run make generate and commit."; exit 1; }
	@test -z "$$(git ls-files --others --exclude-standard -- db views internal/bench/ceiling)" || { echo "Generated files are not committed."; exit 1; }
	@! grep -nE '[^@:[:alnum:]_]@[a-z_]+' db/rosterdb/*.sql.go db/authdb/*.sql.go || { echo "A parameter stayed in the SQL text: write it with spaces around."; exit 1; }

# With RACE=1 what is compiled for the linters is what the tests need as well.
LINT_FLAGS := -tags=faults $(if $(RACE),-race)

.PHONY: lint
lint: tools
	@test -z "$$(gofmt -l $$(git ls-files '*.go' | grep -v _templ.go))" || { gofmt -l $$(git ls-files '*.go' | grep -v _templ.go); echo "Run gofmt."; exit 1; }
	$(GO) vet $(LINT_FLAGS) ./...
	GOFLAGS="$(LINT_FLAGS)" $(BIN)/staticcheck ./...

.PHONY: tools
tools:
	@mkdir -p $(BIN)
	@cd internal/tools && CGO_ENABLED=0 $(GO) build -o ../../$(BIN)/ github.com/sqlc-dev/sqlc/cmd/sqlc github.com/a-h/templ/cmd/templ honnef.co/go/tools/cmd/staticcheck

.PHONY: vendor
vendor: ## fetch the vendored files again, by their pinned versions
	sh static/vendor.sh

# A PostgreSQL server of version 15 or later, found or installed by the system's package manager.
.PHONY: postgres
postgres:
	@sh .ci/need postgres

# A Chromium, for the browser's tests.
.PHONY: chromium
chromium:
	@sh .ci/need chromium

# A PgBouncer, for the tests of pages that come through one.
.PHONY: pgbouncer
pgbouncer:
	@sh .ci/need pgbouncer
