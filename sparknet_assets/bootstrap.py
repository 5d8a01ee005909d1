"""Makes the table that a deployment needs on AWS, and looks whether the rest is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from resources.aws.errors import aws_errors
from resources.deployment import Deployment
from resources.failure import SparknetError
from sparknet_assets.diagnosis import Check, check_storage, check_vector_store

_STORAGE = "make the bucket, or see SPARKNET_S3_BUCKET; docs/aws/s3.md lists what it needs"
_QUEUE = "make the queue, or see SPARKNET_SQS_QUEUE_URL; docs/aws/s3.md lists what it needs"
_INDEX = "see SPARKNET_OPENSEARCH_ENDPOINT; docs/aws/opensearch.md lists what it needs"
_TABLE = "docs/aws/dynamodb.md lists what making the table needs"


def bootstrap(deployment: Deployment) -> Iterator[Check]:
    """What the settings place on AWS, each looked at although another failed. Safe to repeat.

    Only the table is made: bucket, queue and domain have policies to be decided on, and the index
    is made by the first write to it.
    """
    settings = deployment.settings
    steps: list[tuple[str, bool, Callable[[Deployment], Check], str]] = [
        ("table", settings.catalog == "dynamodb", _table, _TABLE),
        ("bucket", settings.storage == "s3", _bucket, _STORAGE),
        ("queue", bool(settings.sqs_queue_url), _queue, _QUEUE),
        ("index", settings.vector_store == "opensearch", _index, _INDEX),
    ]
    for name, wanted, step, remedy in steps:
        if not wanted:
            continue
        try:
            yield step(deployment)
        except SparknetError as error:
            yield Check(name, "fail", error.message, remedy)


def _table(deployment: Deployment) -> Check:
    from resources.catalog.dynamodb_table import create_table

    name = deployment.settings.dynamodb_table
    made = create_table(name, deployment.aws)
    return Check("table", "ok", f"{name}: {'made' if made else 'is there'}")


def _bucket(deployment: Deployment) -> Check:
    return check_storage(deployment)._replace(name="bucket")


def _queue(deployment: Deployment) -> Check:
    url = deployment.settings.sqs_queue_url
    wanted = "ApproximateNumberOfMessages"
    with aws_errors("sqs:GetQueueAttributes", url):
        answer = deployment.aws.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=[wanted]
        )
    waiting = int(answer["Attributes"][wanted])
    return Check("queue", "ok", f"{url}: about {waiting:,} message{'' if waiting == 1 else 's'}")


def _index(deployment: Deployment) -> Check:
    return check_vector_store(deployment)._replace(name="index")
