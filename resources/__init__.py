"""The ground floor: ports and adapters under the asset graph. No Dagster but in configurable.py."""

import os

# ONNX Runtime (1.29 and later, on Linux and macOS too) reports each model that is loaded to its
# maker unless this is set before any package loads the library. Worker processes inherit it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
