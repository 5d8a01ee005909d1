"""Runs as ECS tasks: the configuration for AWS as it is, the daemon, and moto's ECS.

moto starts no containers: an agent here starts what a task is to run.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.deployment import Deployment
from resources.settings import Settings
from sparknet_assets.instance import open_instance
from tests.doubles.moto_server import MotoServer
from tests.doubles.postgres_server import PASSWORD
from tests.postgres.conftest import write_config
from tests.postgres.daemon import (
    PROGRAMS,
    environment_of,
    put,
    running_daemon,
    runs_of,
    wait_for,
)

pytestmark = [pytest.mark.long, pytest.mark.timeout(500)]

MOST_OVERRIDES = 8192
"""Characters of a task's overrides (Amazon ECS API reference, RunTask)."""
FAMILY = "sparknet-run"


@dataclass
class Cluster:
    """moto's ECS with the task that the daemon is said to run in."""

    ecs: Any
    arn: str
    network: dict[str, Any]
    daemon: str

    def start(self) -> str:
        """A task without overrides; its ARN."""
        task = self.ecs.run_task(
            cluster=self.arn,
            taskDefinition=FAMILY,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": self.network},
        )["tasks"][0]
        return str(task["taskArn"])

    def tasks(self) -> list[dict[str, Any]]:
        """The tasks of runs."""
        arns = self.ecs.list_tasks(cluster=self.arn)["taskArns"]
        arns += self.ecs.list_tasks(cluster=self.arn, desiredStatus="STOPPED")["taskArns"]
        there = self.ecs.describe_tasks(cluster=self.arn, tasks=arns, include=["TAGS"])["tasks"]
        return [task for task in there if task["taskArn"] != self.daemon]


@pytest.fixture
def cluster(moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    import boto3

    ecs, ec2 = boto3.client("ecs"), boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    # Without, moto can't attach a task.
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/16")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="runs", Description="runs", VpcId=vpc)["GroupId"]
    ecs.register_task_definition(
        family=FAMILY,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="2048",
        memory="8192",
        containerDefinitions=[{"name": "run", "image": "sparknet", "memory": 8192}],
    )
    network = {"subnets": [subnet], "securityGroups": [group], "assignPublicIp": "DISABLED"}
    made = Cluster(ecs, ecs.create_cluster(clusterName="c")["cluster"]["clusterArn"], network, "")
    made.daemon = made.start()

    class Metadata(BaseHTTPRequestHandler):
        """What ECS tells a container of its task."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"Cluster": made.arn, "TaskARN": made.daemon}).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("ECS_CONTAINER_METADATA_URI_V4", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("DAGSTER_RUN_TASK_DEFINITION", FAMILY)
    yield made
    server.shutdown()
    server.server_close()


def test_a_run_is_a_task_in_the_network_of_the_daemon(
    settings: Settings, cluster: Cluster, tmp_path: Path
) -> None:
    log = tmp_path / "daemon.log"
    settings = settings.model_copy(update={"dagster_home": write_config(tmp_path / "as-it-is")})
    put(settings.home, "alpha")
    with open_instance(settings) as instance, running_daemon(settings, log):
        (task,) = wait_for("task", cluster.tasks, log)
        assert task["launchType"] == "FARGATE"
        (detail,) = task["attachments"]
        said = {each["name"]: each["value"] for each in detail["details"]}
        assert said["subnetId"] in cluster.network["subnets"]
        assert len(json.dumps(task["overrides"])) < MOST_OVERRIDES
        assert PASSWORD not in json.dumps(task)
        (container,) = task["overrides"]["containerOverrides"]
        assert container["name"] == "run"
        program, *arguments = container["command"]
        subprocess.run(
            [PROGRAMS / program, *arguments],
            env=environment_of(settings),
            check=True,
            capture_output=True,
        )
        cluster.ecs.stop_task(cluster=cluster.arn, task=task["taskArn"])
        (run,) = wait_for(
            "finished run", lambda: runs_of(instance, dg.DagsterRunStatus.SUCCESS), log
        )
        assert run.tags["ecs/task_arn"] == task["taskArn"]
        assert {"key": "dagster/run_id", "value": run.run_id} in task["tags"]
        health = instance.run_launcher.check_run_worker_health(run)
        assert health.status.value == "SUCCESS"
    record = Deployment(settings).catalog.get("alpha")
    assert record is not None
    assert record.status.value == "indexed"


def test_cancelling_a_run_stops_its_task(
    settings: Settings, cluster: Cluster, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"dagster_home": write_config(tmp_path / "as-it-is")})

    @dg.job
    def some_job() -> None:
        pass

    with open_instance(settings) as instance:
        tags = {"ecs/task_arn": cluster.start(), "ecs/cluster": cluster.arn}
        run = instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.STARTED, tags=tags)
        assert instance.run_launcher.terminate(run.run_id)
        (task,) = cluster.tasks()
        assert task["lastStatus"] == "STOPPED"
        again = instance.get_run_by_id(run.run_id)
        assert again is not None
        assert again.status is dg.DagsterRunStatus.CANCELING
