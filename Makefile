# Slipway. All that is needed: Go, git and make. What is built goes to bin/, data to var/.

PROGRAMS = ./launcher ./starter ./worker ./web

# Races are looked for wherever Go can: it needs a C compiler for that.
RACE = $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

.PHONY: help run demo test production-test chaos bench load soak fuzz lighthouse mutate record diagram lint clean programs temporal

help:
	@echo 'make run     the whole product on this machine: Temporal with its UI, and our programs'
	@echo 'make demo    with make run running: one mini-program from request to Published'
	@echo 'make test    every test'
	@echo 'make production-test  the production shape as processes: PostgreSQL, a Temporal server on it, two workers, two webs'
	@echo 'make chaos MINUTES=10  kills, stops and cuts off processes for so long, and checks that nothing was lost or done twice'
	@echo 'make bench   the benchmarks'
	@echo 'make load    ever more open workflows, N=100000 of them: what the product does with them; SHAPE=embedded, MINUTES=60'
	@echo 'make fuzz    throws anything at every reader of outside input, a minute each'
	@echo 'make soak    make fuzz, 10,000 sequences against the model, then the product under load for half an hour: nothing may grow'
	@echo 'make lighthouse  with make run running: Lighthouse on four pages; needs node and Chromium'
	@echo 'make mutate  breaks each rule and timer in turn and asks the tests whether they notice'
	@echo 'make record  records histories of this version of the workflow, for the replay tests'
	@echo 'make diagram writes the state diagram and the limits into the docs'
	@echo 'make lint    gofmt, go vet, golangci-lint, workflowcheck, govulncheck'
	@echo 'make clean   removes what was built; data stays'
	@echo
	@echo 'Moved by variables: TEMPORAL_PORT, TEMPORAL_UI_PORT, WEB_ADDR, WORKER_ADDR, VAR_DIR;'
	@echo 'with TEMPORAL_ADDRESS a Temporal server that runs elsewhere is used.'

run: programs
	@bin/launcher

demo: programs
	@bin/launcher demo

test: temporal
	go test $(RACE) -timeout 40m ./...
	go test -C tools/kubernetes ./...

# Not part of make test: it takes minutes, and some more to build Temporal's server for the first time.
production-test: temporal bin/temporal-server bin/temporal-sql-tool
	go test -tags production -count=1 -timeout 40m -v ./production

# How long each shape is harmed, what chooses the harm (0: chance), and which shape: embedded, production or both.
chaos: MINUTES = 10
chaos: SEED = 0
chaos: SHAPE = both
chaos: temporal bin/temporal-server bin/temporal-sql-tool
	@go build -o bin/ ./chaos
	@mkdir -p var
	@bin/chaos -shape $(SHAPE) -minutes $(MINUTES) -seed $(SEED) -json var/chaos.json

bench: temporal
	go run ./bench
	go run ./bench delivery
	go test -run='^$$' -bench=. ./lifecycle ./catalog ./packages ./delivery

# What it may take is counted from N: about a second for ten workflows beside a quarter of an hour. See docs/proof.md.
load: N = 1000
load: SHAPE = production
load: MINUTES = $(shell echo $$((15 + $(N) / 1200)))
load: temporal bin/temporal-server bin/temporal-sql-tool
	go run ./bench -only load -n $(N) -shape $(SHAPE) -minutes $(MINUTES) -json var/load-$(SHAPE).json

# How long each reader is fuzzed.
FUZZTIME = 1m

fuzz:
	@FUZZTIME=$(FUZZTIME) sh tools/fuzz.sh

# 10,000 walks against the model instead of the 300 of make test, then the product under load for so many minutes. Not part of make test:
# all of it takes more than an hour.
soak: MINUTES = 30
soak: temporal fuzz
	go test -count=1 -timeout 60m -run TestTheWorkflowDoesWhatTheModelSays ./model -rapid.checks=3334
	go run ./bench soak -minutes $(MINUTES)

# Fetches Lighthouse with npm when it is not there yet.
lighthouse: programs
	@sh tools/lighthouse.sh

# Version of the workflow whose histories are recorded: a new folder for every release that changes package workflows.
HISTORIES = v5

# Breaks each rule, timer and condition in turn; some test has to notice. FILES are what to break, such as 'delivery/*.go'.
mutate:
	go run -C tools ./mutate $(FILES)

record: temporal
	RECORD_HISTORIES=$(CURDIR)/workflows/testdata/histories/$(HISTORIES) go test -count=1 ./e2e

# The state diagram of the README and the limits of docs/api.md, from the rules.
diagram:
	go run ./docs/diagram

lint: bin/golangci-lint bin/workflowcheck bin/govulncheck
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt would change:" $$unformatted; exit 1; }
	go vet -tags production ./...
	bin/golangci-lint run --allow-parallel-runners ./...
	bin/workflowcheck -config .workflowcheck.yml -test=false ./workflows/...
	sh tools/govulncheck.sh

clean:
	rm -rf bin

programs:
	@go build -o bin/ $(PROGRAMS)

# The tests need a temporal command; building one can take longer than a test may.
temporal:
	@go build -o bin/ ./launcher
	@bin/launcher prepare

# Pinned tools are built again when their pins change.
bin/golangci-lint: tools/golangci-lint/go.mod
	go build -C tools/golangci-lint -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

bin/workflowcheck: tools/go.mod
	go build -C tools -o ../$@ go.temporal.io/sdk/contrib/tools/workflowcheck
	@touch $@

bin/temporal-server: tools/temporal-server/go.mod
	go build -C tools/temporal-server -o ../../$@ go.temporal.io/server/cmd/server
	@touch $@

bin/temporal-sql-tool: tools/temporal-server/go.mod
	go build -C tools/temporal-server -o ../../$@ go.temporal.io/server/cmd/tools/sql
	@touch $@

bin/govulncheck: tools/go.mod
	go build -C tools -o ../$@ golang.org/x/vuln/cmd/govulncheck
	@touch $@
