"""Changes of generations as runs in this process, so that the UI shows what a command did."""

from __future__ import annotations

import uuid
from contextlib import nullcontext
from typing import TYPE_CHECKING

from resources.failure import FailureKind, SparknetError
from sparknet_assets.generations.gates import GateResult
from sparknet_assets.generations.switching import Change
from sparknet_assets.instance import open_instance
from sparknet_assets.run_owner import owner_tag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dagster import DagsterInstance, ExecuteInProcessResult

    from resources.deployment import Deployment


def change_generation(
    deployment: Deployment,
    action: str,
    name: str = "",
    *,
    force: bool = False,
    instance: DagsterInstance | None = None,
) -> Change:
    """Runs the job `switch_generation` in this process.

    Args:
        action: `switch`, `rollback` or `retire`.
        name: The generation; for `switch` the one that the settings name by default.
        instance: The shared instance by default.

    Returns:
        What was done. Nothing was if a gate did not pass.

    Raises:
        SparknetError: There is no such generation, or it can't be retired.
    """
    from sparknet_assets.definitions import build_defs
    from sparknet_assets.generations.assets import CHANGE, SWITCH

    run_id = str(uuid.uuid4())
    wanted = {"action": action, "to": name, "force": force}
    opened = nullcontext(instance) if instance else open_instance(deployment.settings)
    with opened as shared:
        result = (
            build_defs(deployment)
            .resolve_job_def(SWITCH)
            .execute_in_process(
                run_id=run_id,
                run_config={
                    "ops": {CHANGE: {"config": wanted}},
                    # The command says what came of it; the run's log in the UI is complete.
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
                instance=shared,
                tags=owner_tag(run_id),
                raise_on_error=False,
            )
        )
    return _change(result)


def _change(result: ExecuteInProcessResult) -> Change:
    from sparknet_assets.generations.assets import RESULT

    reason = "the run broke off"
    for event in result.all_events:
        metadata: Mapping[str, Any] = {}
        if event.is_step_materialization:
            metadata = event.step_materialization_data.materialization.metadata
        elif event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data is not None:
                metadata = data.user_failure_data.metadata
                reason = data.user_failure_data.description or reason
            elif data.error is not None:
                reason = data.error.message.strip()
        if RESULT in metadata:
            found = dict(metadata[RESULT].value)
            del found["said"]
            gates = [GateResult(**gate) for gate in found.pop("gates")]
            return Change(**found, gates=gates)
    raise SparknetError(FailureKind.REFUSED, reason, retryable=False)
