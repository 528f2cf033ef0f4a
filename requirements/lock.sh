#!/bin/sh
# Rewrites the locks beside this file from pyproject.toml: every package with its version and the digests of its files.
# They name no index, so they serve behind a mirror too. `make lock` keeps the versions that are locked already as far
# as pyproject.toml allows; `make lock UPGRADE=1` takes the newest.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)
[ -x "$uv" ] || .venv/bin/python -m pip install --quiet uv

lock() {
    name=$1
    shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        ${UPGRADE:+--upgrade} "$@" pyproject.toml -o "requirements/$name.txt"
    # Wheels only: building a source distribution fetches tools that no digest covers. It is said in the lock, where no
    # caller of pip can forget it, and by us, because uv writes the two options in the order in which pip drops one.
    sed -i '1i --only-binary :all:' "requirements/$name.txt"
}

lock run
# The other two hold exactly the versions of the first, so that what is tested is what runs.
lock test --group test --constraint requirements/run.txt
lock service --extra service --no-binary systemd-python --constraint requirements/run.txt
# The one package that comes as source only. It needs gcc, pkg-config and libsystemd-dev.
sed -i '1a --no-binary systemd-python' requirements/service.txt
