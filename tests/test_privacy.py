"""Nothing that runs here reports to anybody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import resources.deployment
import onnxruntime
from onnx import TensorProto, helper
shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
node = helper.make_node("Identity", ["x"], ["y"])
graph = helper.make_graph([node], "same", shape[:1], shape[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString())
print(session.run(None, {"x": __import__("numpy").ones(1, "float32")})[0][0])
"""
# With one of these set, ONNX Runtime reports nothing whatever we do.
SUPPRESSES = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME")


def test_onnx_runtime_keeps_no_identifier_and_reports_nothing(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in SUPPRESSES}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.stdout.strip() == "1.0", ran.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
