"""`sparknet extract`, `correct` and `schemas` over a home where the stage has run."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from sparknet_assets.cli import main
from tests.fields.fields_home import INVOICE, add, home, run
from tests.model.world import SmallDeployment


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallDeployment:
    folder = tmp_path_factory.mktemp("cli")
    deployment = home(folder / "home")
    add(deployment, folder / "in", INVOICE)
    run(deployment)
    return deployment


def call(deployment: SmallDeployment, *words: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(deployment.home), *words])


def test_fields_are_shown(made: SmallDeployment) -> None:
    shown = call(made, "extract", "doc")
    assert shown.exit_code == 0, shown.output
    (row,) = (line for line in shown.output.splitlines() if line.startswith("total"))
    assert row.split()[1:3] == ["EUR", "119.00"]
    assert row.split()[-2:] == ["1", "rules"]
    whole = json.loads(call(made, "extract", "doc", "--json").output)
    assert whole["schemas"][0]["fields"]["total"]["boxes"]
    assert whole["failure"] is None


def test_a_correction_and_its_end(made: SmallDeployment) -> None:
    right = call(made, "correct", "doc", "total", "EUR 120", "--note", "stamp", "--json")
    assert right.exit_code == 0, right.output
    told = json.loads(right.output)
    assert (told["schema"], told["value"]["source"]) == ("invoice", "correction")
    wrong = call(made, "correct", "doc", "due_date", "soon")
    assert wrong.exit_code == 1
    assert "a date, such as 2024-05-31" in wrong.output
    late = call(made, "correct", "doc", "total", "EUR 130", "--if-version", "0")
    assert late.exit_code == 1
    assert "was changed by someone else meanwhile" in late.output
    assert told["version"] == 1
    assert "Version 1 of its corrections." in call(made, "extract", "doc").output
    back = call(made, "correct", "doc", "total", "--drop", "--if-version", "1")
    assert "invoice.total: EUR 119.00" in back.output
    assert call(made, "correct", "doc", "total").exit_code == 2
    assert "--schema" in call(made, "correct", "doc", "nothing", "1").output
    assert call(made, "correct", "ghost", "total", "1").exit_code == 1


def test_wrong_schema_files_are_named(made: SmallDeployment) -> None:
    good = call(made, "schemas", "--json")
    assert good.exit_code == 0
    names = {schema["name"]: schema["source"] for schema in json.loads(good.output)["schemas"]}
    assert names["invoice"] == "built in"
    made.storage.put("schemas/wrong.yaml", b"fields: [{name: a, type: money}]")
    bad = call(made, "schemas")
    made.storage.delete("schemas/wrong.yaml")
    assert bad.exit_code == 1
    assert "left out of use: schemas/wrong.yaml: fields.a.type" in bad.output
