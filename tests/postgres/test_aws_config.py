"""infra/dagster/dagster.yaml, as Dagster itself reads it."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import Mock

import dagster as dg
import pytest
import yaml
from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.instance.config import dagster_instance_config
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher.base import WorkerStatus
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.tags import RUN_WORKER_ID_TAG

from sparknet_assets.ecs_launcher import EcsLauncher
from sparknet_assets.instance import open_instance
from sparknet_assets.run_owner import TAG, owner_tag
from tests.postgres.conftest import AWS_CONFIG, write_config

TASK = "arn:aws:ecs:us-east-1:123456789012:task/sparknet/0123456789abcdef"
DEFINITION = "arn:aws:ecs:us-east-1:123456789012:task-definition/sparknet-run:1"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """A client of ECS that reaches nothing, and knows the task definition."""
    import boto3

    ecs = Mock()
    definition = {"taskDefinitionArn": DEFINITION, "containerDefinitions": [{"name": "run"}]}
    ecs.describe_task_definition.return_value = {"taskDefinition": definition}
    monkeypatch.setattr(boto3, "client", lambda name, **_: ecs if name == "ecs" else Mock())
    monkeypatch.setattr(boto3, "resource", lambda name, **_: Mock())
    monkeypatch.setenv("DAGSTER_RUN_TASK_DEFINITION", "sparknet-run")
    return ecs


@pytest.fixture
def aws_instance(settings, tmp_path, nowhere):
    """An instance with the file as it is."""
    folder = write_config(tmp_path / "as-it-is")
    with open_instance(settings.model_copy(update={"dagster_home": folder})) as instance:
        yield instance


def test_every_key_is_one_that_dagster_knows(tmp_path) -> None:
    (tmp_path / "dagster.yaml").write_text(AWS_CONFIG.read_text())
    config, _ = dagster_instance_config(str(tmp_path))
    assert config["storage"]["custom"]["class"] == "PostgresStorage"


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("run_monitoring", {"enable": True}),
        ("concurrency", {"runs": {"max_runs": 8}}),
        ("run_queue", {"max_concurrent_runs": 8}),
        ("run_coordinator", {"module": "m", "class": "C"}),
        ("telemetri", {"enabled": False}),
    ],
)
def test_a_wrong_key_is_refused(tmp_path, part, wrong) -> None:
    write_config(tmp_path / "wrong", **{part: wrong})
    with pytest.raises(DagsterInvalidConfigError):
        dagster_instance_config(str(tmp_path / "wrong"))


@pytest.mark.parametrize("part", ["storage", "run_launcher"])
def test_a_wrong_key_of_a_class_is_refused(tmp_path, part, database, nowhere) -> None:
    config = yaml.safe_load(AWS_CONFIG.read_text())[part]
    (config["custom"] if part == "storage" else config)["config"]["colour"] = "blue"
    ref = InstanceRef.from_dir(str(write_config(tmp_path / "wrong", **{part: config})))
    with pytest.raises(DagsterInvalidConfigError):
        assert (ref.storage if part == "storage" else ref.run_launcher) is None


def test_no_secret_is_in_the_file() -> None:
    database = yaml.safe_load(AWS_CONFIG.read_text())["storage"]["custom"]["config"]["postgres_db"]
    for name in ("hostname", "port", "username", "password", "db_name"):
        assert list(database[name]) == ["env"]


def test_what_is_set(aws_instance) -> None:
    assert isinstance(aws_instance.run_coordinator, QueuedRunCoordinator)
    queue = aws_instance.get_concurrency_config().run_queue_config
    assert queue.max_concurrent_runs == 8
    assert queue.tag_concurrency_limits == [{"key": "dagster/backfill", "limit": 6}]
    assert isinstance(aws_instance.compute_log_manager, NoOpComputeLogManager)
    assert not aws_instance.telemetry_enabled
    assert not aws_instance.nux_enabled
    assert aws_instance.run_monitoring_enabled
    assert aws_instance.run_monitoring_max_resume_run_attempts == 0
    assert aws_instance.run_retries_enabled
    assert not aws_instance.run_retries_retry_on_asset_or_op_failure


def test_the_launcher_asks_for_one_task_definition_and_no_secrets(aws_instance, nowhere) -> None:
    launcher = aws_instance.run_launcher
    assert isinstance(launcher, EcsLauncher)
    nowhere.describe_task_definition.assert_called_once_with(taskDefinition="sparknet-run")
    assert launcher.task_definition == DEFINITION
    assert launcher.secrets_tags == []


def test_the_connection_is_encrypted(instance, database) -> None:
    assert instance.event_log_storage.get_maximum_record_id() is None  # it keeps a connection
    said = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
    where = f" WHERE datname = '{database.name}' AND pid <> pg_backend_pid()"
    assert database.execute(said + where) == [(True,)]


@dg.job
def some_job() -> None:
    pass


def test_a_run_that_a_command_works_on_is_healthy(aws_instance) -> None:
    """Dagster's launcher knows only its tasks, and monitoring fails what it calls unhealthy."""
    run = aws_instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.STARTED)
    health = aws_instance.run_launcher.check_run_worker_health
    assert health(run).status is WorkerStatus.UNKNOWN
    aws_instance.add_run_tags(run.run_id, owner_tag(run.run_id))
    assert health(aws_instance.get_run_by_id(run.run_id)).status is WorkerStatus.RUNNING
    gone = owner_tag(run.run_id)[TAG].rpartition(":")[0] + ":1.0"
    aws_instance.add_run_tags(run.run_id, {TAG: gone})
    assert health(aws_instance.get_run_by_id(run.run_id)).status is WorkerStatus.UNKNOWN


@pytest.mark.parametrize("owned", [False, True])
def test_what_a_dead_task_printed_stays_out_of_the_events(
    aws_instance, nowhere, monkeypatch, owned
) -> None:
    from dagster_aws.ecs import launcher

    secret = "what the letter says"
    monkeypatch.setattr(launcher, "get_task_logs", lambda *_, **__: [secret])
    tags = {"ecs/task_arn": TASK, "ecs/cluster": "sparknet", RUN_WORKER_ID_TAG: "w"}
    run = aws_instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    if owned:
        aws_instance.add_run_tags(run.run_id, {TAG: f"{run.run_id}:another-host:1:1.0"})
        run = aws_instance.get_run_by_id(run.run_id)
    task = {
        "lastStatus": "STOPPED", "taskArn": TASK, "stopCode": "EssentialContainerExited",
        "stoppedReason": "OutOfMemory", "containers": [{"name": "run", "exitCode": 137}],
    }  # fmt: skip
    nowhere.describe_tasks.return_value = {"tasks": [task]}
    result = aws_instance.run_launcher.check_run_worker_health(run)
    assert result.status is WorkerStatus.FAILED
    assert "OutOfMemory" in result.msg
    assert secret not in str(result)
    told = aws_instance.run_launcher.get_run_worker_debug_info(run) or ""
    assert secret not in told


def test_the_folder_may_be_read_only(settings, monkeypatch) -> None:
    """As in an image, where the configuration belongs to root."""
    access = os.access
    ours = settings.dagster_home

    def refuse(path: object, mode: int) -> bool:
        return path != ours and access(path, mode)

    monkeypatch.setattr(os, "access", refuse)
    with open_instance(settings) as instance:
        assert instance.get_runs() == []
    assert not Path(settings.dagster_home, ".lock").exists()
