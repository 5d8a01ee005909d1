"""The stages without Dagster, behind the same arguments and JSON as `sparknet ingest`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from resources.deployment import Deployment
from resources.settings import load_settings
from sparknet_assets.batch.running import run_batch
from sparknet_assets.intake.taking_in import take_in
from sparknet_assets.reports import report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("command", choices=["ingest"])
    parser.add_argument("--json", action="store_true", required=True)
    parser.add_argument("paths", type=Path, nargs="+")
    options = parser.parse_args()
    deployment = Deployment(load_settings(home=options.home))
    doc_ids = take_in(deployment, options.paths).doc_ids
    for _ in run_batch(doc_ids, deployment):
        pass
    documents = [item.as_json() for item in report(deployment.catalog, doc_ids)]
    print(json.dumps({"documents": documents}))


if __name__ == "__main__":
    main()
