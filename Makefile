# What a developer types. Every target sets itself up: a fresh Debian needs git, make and python3, nothing else.

PYTHON ?= python3
python := .venv/bin/python
# A set-up is named after what it was made from, so it is made again exactly when Python or the lock changes.
stamp = .venv/.$(1)-$(shell { $(PYTHON) --version; cat requirements/$(1).txt; } 2>/dev/null | sha256sum | cut -c1-16)
run := $(call stamp,run)
test := $(call stamp,test)

.PHONY: help rehearse test fast lint types coverage check table slow bench vm hosts powercut deb lock

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

rehearse: $(run) ## see the whole thing work, without an account and without paying
	@$(python) -m panjaya_watchd rehearse

test: $(test) ## every test, in parallel
	@$(call debian,[ "$$CI" != true ] || command -v systemd-analyze,systemd)
	@$(call debian,[ "$$CI" != true ] || $(python) tests/bed/needs.py,$$($(python) tests/bed/needs.py))
	@$(python) -m pytest -n 4 --dist worksteal

fast: $(test) ## only the tests that take less than a quarter of a second each
	@$(python) -m pytest -n 4 --dist worksteal -m "not slow"

lint: $(test) ## style
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .

types: $(test) ## types
	@$(python) -m mypy

coverage: $(test) ## every branch of core/ is taken by its own tests
	@$(python) -m coverage run --source=panjaya_watchd/core -m pytest -q tests/core
	@$(python) -m coverage report --fail-under=100 --show-missing --skip-covered

check: test coverage lint types ## everything that must pass

table: $(test) ## rewrite the tables of states in ARCHITECTURE.md
	@PYTHONPATH=. $(python) tests/architecture_table.py

slow: bench vm hosts powercut ## the proofs that take minutes

bench: ## the two commands of the README on a Debian made for it (root, some minutes)
	bench/fresh_debian.sh

vm: $(test) ## the core cases over real cifs and NFS mounts, in a virtual machine made for it (root, some minutes)
	bench/vm/run.sh

hosts: $(test) ## the service in real systemd hosts, Debian 12 and 13, made for it (root, a quarter of an hour)
	@[ "$$(id -u)" = 0 ] || { echo "Booting hosts needs root. Type: sudo make hosts" >&2; exit 1; }
	@$(call debian,command -v debootstrap,debootstrap)
	@$(call debian,command -v systemd-nspawn,systemd-container)
	@unshare --mount $(python) -m pytest -n 2 --dist worksteal bench/hosts

deb: ## the Debian packages for bookworm and trixie, in dist/ (root, some minutes)
	packaging/deb.sh bookworm
	packaging/deb.sh trixie

powercut: $(test) ## power cuts at the level of blocks, on real ext4 and xfs (root, some minutes)
	@$(call debian,[ "$$(id -u)" != 0 ] || command -v mkfs.xfs,xfsprogs)
	@PYTHONPATH=tests $(python) -m bench.powercut

lock: $(test) ## rewrite requirements/*.txt from pyproject.toml; UPGRADE=1 takes the newest versions
	@requirements/lock.sh

.venv/.%:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "panjaya-watchd needs Python 3.11 or newer. Type: make PYTHON=/path/to/it" >&2; exit 1; }
	@$(call debian,$(PYTHON) -c 'import ensurepip$(,) venv',python3-venv)
	@$(python) -m pip --version >/dev/null 2>&1 || { rm -rf .venv && $(PYTHON) -m venv .venv; }
	@echo "Fetching what requirements/$(firstword $(subst -, ,$*)).txt lists (once) ..." >&2
	@$(python) -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
	    -r requirements/$(firstword $(subst -, ,$*)).txt
	@rm -f .venv/.$(firstword $(subst -, ,$*))-* && touch $@

# $(call debian,CHECK,PACKAGE): where the check fails, install the package if we may, else say what to type.
, := ,
debian = $(1) >/dev/null 2>&1 || \
    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
        echo "Installing Debian's $(2) ..." >&2; \
        export DEBIAN_FRONTEND=noninteractive; \
        get="apt-get install -qq --yes --no-install-recommends $(2)"; \
        $$get >/dev/null 2>&1 || { apt-get update -qq >&2 && $$get >/dev/null; }; \
    else \
        echo "Debian's $(2) is missing. Type: sudo apt-get install $(2)" >&2; exit 1; \
    fi
