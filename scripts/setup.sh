#!/bin/sh
# Builds .venv with the locked packages and this checkout in it. Does nothing when that was done for
# the same lock. Usage: make setup [PYTHON=/path/to/python]
set -eu
cd "$(dirname "$0")/.."
lock=requirements/requirements-dev.txt
stamp=.venv/.sparknet-setup

suitable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' \
        >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3.12 python3.11 python3.13 python3 python3.14 \
        /usr/local/bin/python3* /usr/bin/python3* "$HOME"/.pyenv/versions/3.1[1234]*/bin/python; do
        if suitable "$candidate"; then
            command -v "$candidate"
            return
        fi
        if [ "$candidate" = "${PYTHON:-}" ]; then
            echo "PYTHON=$PYTHON is not Python 3.11 to 3.14 with the venv module." >&2
            return 1
        fi
    done
    echo "No Python 3.11, 3.12 or 3.13 with the venv module found; on Debian or Ubuntu:" \
        "apt install python3 python3-venv. Or: make setup PYTHON=/path/to/python3.12" >&2
    return 1
}

wanted="$(cat "$lock" pyproject.toml scripts/setup.sh | cksum) ${PYTHON:-}"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && suitable .venv/bin/python; then
    exit 0
fi

if [ -n "${PYTHON:-}" ] || ! suitable .venv/bin/python; then
    python="$(find_python)"
    echo "Setting up .venv with $("$python" --version) ($python)"
    "$python" -m venv --clear .venv
else
    echo "Bringing .venv up to date"
    rm -f "$stamp"
fi

# uv installs the lock in seconds; pip does the same in minutes where uv can't be had.
pip=".venv/bin/python -m pip --disable-pip-version-check"
if $pip install --quiet --no-deps "$(grep '^uv==' "$lock")" &&
    .venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps -r "$lock"; then
    :
else
    echo "uv did not work here; installing with pip, which takes some minutes" >&2
    $pip install --quiet --no-deps -r "$lock"
fi
$pip install --quiet --no-deps --no-build-isolation --editable .
# Compiles what the commands import, once and for all.
env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -c "
import chromadb, dagster_webserver.cli, kreuzberg, onnxruntime, pyarrow.parquet, pymupdf, rapidocr
import sparknet_assets.definitions"
.venv/bin/sparknet --version
echo "$wanted" >"$stamp"
