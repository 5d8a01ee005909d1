"""IAM of moto for DynamoDB and SQS: each call is checked by the actions that it really needs.

moto checks calls of DynamoDB against every resource (`*`), so a policy that names a table allows
none, and it asks for the operations of transactions, which are no actions of IAM. No more are the
batches of SQS.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_OF_A_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""


def needed(operation: str, request: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions that a call needs, each with the table or `table/NAME/index/NAME`; "" for all."""
    if "TransactItems" in request:
        for item in request["TransactItems"]:
            for kind, said in item.items():
                yield _OF_A_TRANSACTION[kind], said["TableName"]
    elif "RequestItems" in request:
        for table in request["RequestItems"]:
            yield operation, table
    else:
        index = request.get("IndexName")
        yield operation, request.get("TableName", "") + (f"/index/{index}" if index else "")


def check_real_actions() -> None:
    """Has moto check DynamoDB and SQS so, once policies are enforced."""
    from moto.dynamodb.responses import DynamoHandler
    from moto.iam.access_control import IAMRequest
    from moto.sqs.responses import SQSResponse

    def authorize(self: Any, action: str, resource: str) -> None:
        self._get_action = lambda: action
        try:
            self._authenticate_and_authorize_action(IAMRequest, resource)
        finally:
            del self._get_action

    def authorize_tables(self: Any, resource: str = "*") -> None:
        request = json.loads(self.raw_body or b"{}")
        for action, table in sorted(set(needed(self._get_action(), request))):
            arn = f"arn:aws:dynamodb:{self.region}:{self.current_account}:table/{table}"
            authorize(self, action, arn if table else "*")

    def authorize_queue(self: Any, resource: str = "*") -> None:
        authorize(self, self._get_action().removesuffix("Batch"), resource)

    DynamoHandler._authenticate_and_authorize_normal_action = authorize_tables  # type: ignore[method-assign]
    SQSResponse._authenticate_and_authorize_normal_action = authorize_queue  # type: ignore[method-assign]
