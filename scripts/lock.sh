#!/bin/sh
# Writes requirements/*.txt from pyproject.toml: exact versions for every Python and platform we
# support, without registry addresses. Versions stay as they are unless they no longer fit.
# Usage: scripts/lock.sh [--upgrade]
set -eu
cd "$(dirname "$0")/.."
uv="${UV:-.venv/bin/uv}"

lock() {
    out="requirements/$1"
    shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
        --override requirements/overrides.txt --output-file "$out" "$@" \
        pyproject.toml requirements/extra.in >/dev/null
    grep -v "sys_platform == 'never'" "$out" >"$out.new"
    mv "$out.new" "$out"
}

lock requirements-dev.txt --extra dev "$@"
lock requirements.txt --constraints requirements/requirements-dev.txt
