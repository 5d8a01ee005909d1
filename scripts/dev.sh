#!/bin/sh
# Opens the Dagster UI and runs the sensors, on the instance that the commands use too.
set -eu
cd "$(dirname "$0")/.."
DAGSTER_HOME="$(.venv/bin/python -m sparknet_assets.instance)"
export DAGSTER_HOME
echo "UI: http://127.0.0.1:${PORT:-3000}"
echo "Documents: put them into ${SPARKNET_HOME:-data}/raw/SOME-NAME/"
# Dagster advises another command for the same; the text must not hold a comma.
PYTHONWARNINGS='ignore:Function `dev_command` is superseded' \
    exec .venv/bin/dagster dev --workspace workspace.yaml --host 127.0.0.1 --port "${PORT:-3000}"
