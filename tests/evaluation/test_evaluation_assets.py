"""Evaluation as assets: figures and history in the metadata, regressions as failed checks."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import dagster as dg
import pytest

from resources.deployment import Deployment
from sparknet_assets.definitions import build_defs
from sparknet_assets.evaluation.assets import CHECK, EVALUATE, QUALITIES
from sparknet_assets.evaluation.chart import COLOURS, line_chart
from tests.evaluation.conftest import QUESTIONS, REPORT, WriteSet


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


def run(
    home: Deployment, instance: dg.DagsterInstance, where: Path | str, accept: bool = False
) -> dg.ExecuteInProcessResult:
    config = {"config": {"where": str(where), "accept": accept}}
    return (
        build_defs(home)
        .resolve_job_def(EVALUATE)
        .execute_in_process(
            instance=instance,
            run_config={"ops": {quality.asset: config for quality in QUALITIES}},
            raise_on_error=False,
        )
    )


def latest(instance: dg.DagsterInstance, asset: str) -> dict[str, dg.MetadataValue]:
    event = instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert event and event.asset_materialization
    return dict(event.asset_materialization.metadata)


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    found = result.get_asset_check_evaluations()
    assert {check.check_name for check in found} == {CHECK}
    return {check.asset_key.to_user_string(): check for check in found}


def test_figures_history_and_regressions_are_in_the_ui(
    home: Deployment, instance: dg.DagsterInstance, write_set: WriteSet
) -> None:
    folder = write_set(QUESTIONS, {"report": REPORT}, name="shown")
    first = run(home, instance, folder, accept=True)
    assert first.success
    assert all(check.passed for check in checks(first).values())
    assert latest(instance, "ocr_quality")["cer"].value == 0
    answers = latest(instance, "answer_quality")
    assert answers["refused"].value == 1
    assert answers["items"].value == len(QUESTIONS)
    live = home.live
    assert live and answers["generation"].value == live.name

    (folder / "texts" / "report.txt").write_text(REPORT.upper(), "utf-8")
    found = checks(run(home, instance, folder))
    assert {asset: check.passed for asset, check in found.items()} == {
        "ocr_quality": False,
        "retrieval_quality": True,
        "answer_quality": True,
        "field_quality": True,
    }
    worse = found["ocr_quality"]
    assert worse.severity is dg.AssetCheckSeverity.ERROR
    assert worse.description and re.search(r"cer 0\.\d+, accepted 0\.000", worse.description)

    chart = str(latest(instance, "ocr_quality")["history"].value)
    svg = base64.b64decode(chart.split("base64,")[1].rstrip(")")).decode()
    assert "word_f1 1.000" in svg
    assert svg.count("<circle") == 2 * svg.count("<polyline")


def test_without_truth_there_is_nothing_to_be_worse(
    home: Deployment, instance: dg.DagsterInstance, write_set: WriteSet
) -> None:
    result = run(home, instance, write_set(texts={"report": REPORT}, name="texts-only"))
    assert result.success
    assert all(check.passed for check in checks(result).values())
    assert "no truth" in str(latest(instance, "answer_quality")["note"].value)


def test_a_set_that_is_not_there_fails_in_a_sentence(
    home: Deployment, instance: dg.DagsterInstance
) -> None:
    result = run(home, instance, "nowhere")
    assert not result.success
    failed = {event.step_key: event for event in result.all_events if event.is_step_failure}
    data = failed["ocr_quality"].step_failure_data
    assert data.user_failure_data
    assert "no evaluation set" in (data.user_failure_data.description or "")


def test_the_chart_is_well_formed_whatever_the_figures() -> None:
    many = {f"<{place}>": [None, 0.1 * place, 2.0] for place in range(9)}
    root = ElementTree.fromstring(line_chart(many, ["one", "two & a half", "three"]))
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == len(COLOURS)
    for series, dates in (({}, []), ({"one": [0.5]}, ["today"])):
        ElementTree.fromstring(line_chart(series, dates))
