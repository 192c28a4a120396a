# What a person runs: make test, make demo, make lint, make deny, make bench-… None of them needs root.

CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
# The version that deny.toml was written for.
CARGO_DENY_VERSION := 0.20.2

# The version that `make fuzz` was written for.
CARGO_FUZZ_VERSION := 0.13.2

.PHONY: demo test lint deny fuzz servers bench-files bench-files-quick bench-latency bench-load bench-mail

demo:
	$(CARGO) run --release -- demo

# Every test, against real servers; in the end it says what this machine could not run.
test: servers
	@rm -f $(TARGET)/test-servers/cannot-here
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
	    $(CARGO) nextest run --all-features $(if $(filter true,$(CI)),--profile ci) \
	    && $(CARGO) test --doc --all-features --quiet; \
	else \
	    $(CARGO) test --all-features; \
	fi
	@if [ -s $(TARGET)/test-servers/cannot-here ]; then \
	    echo; echo "Not run here:"; sort $(TARGET)/test-servers/cannot-here | uniq -c; \
	fi

# vsftpd, ProFTPD, Pure-FTPd, lftp and Postfix, unpacked from Debian's packages into target/.
servers:
	@tests/servers/fetch

# Mails a second, out of a queue beside smtp-source, in by each door and through beside Postfix: ten minutes.
bench-mail: servers
	$(CARGO) bench --bench mail

# What it costs at rest, under a backlog and while a server is down: eight minutes; QUICK=1 takes a tenth of the files.
bench-load: servers
	$(CARGO) bench --bench load $(if $(QUICK),-- --quick)

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --all-features -- -D warnings

# Licences, banned crates, sources. Installs cargo-deny into target/ where there is none: two to three minutes, once.
deny:
	@set -e; \
	deny=$$(command -v cargo-deny || echo $(TARGET)/tools/bin/cargo-deny); \
	if [ ! -x "$$deny" ]; then \
	    $(CARGO) install cargo-deny --version $(CARGO_DENY_VERSION) --locked --no-default-features \
	        --root $(TARGET)/tools --target-dir $(TARGET)/tools/build; \
	    rm -rf $(TARGET)/tools/build; \
	fi; \
	"$$deny" --all-features check licenses bans sources

# Beside lftp and curl, in turn, in one run. Goes on where it was interrupted; remove target/bench-files.tsv to begin anew.
bench-files: servers
	$(CARGO) bench --bench files

# The same with fewer files and one run a row: under ten minutes.
bench-files-quick: servers
	$(CARGO) bench --bench files -- --quick

# From close() to the whole file on the server.
bench-latency: servers
	$(CARGO) bench --bench latency

# New inputs for what reads foreign bytes, FUZZ_SECONDS (60) for each target; it takes a nightly. What fails is kept in fuzz/artifacts:
# put it into fuzz/seeds, which `make test` tries.
fuzz:
	@set -e; \
	fuzz=$$(command -v cargo-fuzz || echo $(TARGET)/tools/bin/cargo-fuzz); \
	if [ ! -x "$$fuzz" ]; then \
	    $(CARGO) install cargo-fuzz --version $(CARGO_FUZZ_VERSION) --locked \
	        --root $(TARGET)/tools --target-dir $(TARGET)/tools/build; \
	    rm -rf $(TARGET)/tools/build; \
	fi; \
	export PATH="$$(dirname "$$fuzz"):$$PATH"; \
	for target in $$(ls fuzz/targets | sed 's/\.rs$$//'); do \
	    mkdir -p fuzz/corpus/$$target; \
	    $(CARGO) +nightly fuzz run $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	        -max_total_time=$(or $(FUZZ_SECONDS),60) -max_len=8192 -timeout=10; \
	done
