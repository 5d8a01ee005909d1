#!/bin/sh
# Opens the Dagster UI and runs the sensors, on the instance that the commands use too.
set -eu
cd "$(dirname "$0")/.."
DAGSTER_HOME="$(.venv/bin/python -c '
from resources.settings import load_settings
from sparknet_assets.instance import dagster_home
print(dagster_home(load_settings()))')"
export DAGSTER_HOME
echo "Data: ${SPARKNET_HOME:-data}; drop documents into its raw/NAME/ folders. UI: http://127.0.0.1:${PORT:-3000}"
exec .venv/bin/dagster dev --workspace workspace.yaml --host 127.0.0.1 --port "${PORT:-3000}"
