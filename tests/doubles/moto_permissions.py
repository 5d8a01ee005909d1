"""IAM of moto for DynamoDB: each call is checked against the table that it is for.

moto checks calls of DynamoDB against every resource (`*`), so a policy that names a table allows
none, and it asks for the operations of transactions, which are no actions of IAM.
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


def check_tables() -> None:
    """Has moto check calls of DynamoDB against their tables once policies are enforced."""
    from moto.dynamodb.responses import DynamoHandler
    from moto.iam.access_control import IAMRequest

    def authorize(self: Any, resource: str = "*") -> None:
        operation = self._get_action()
        for action, table in sorted(set(needed(operation, json.loads(self.raw_body or b"{}")))):
            arn = f"arn:aws:dynamodb:{self.region}:{self.current_account}:table/{table}"
            self._get_action = lambda action=action: action
            try:
                self._authenticate_and_authorize_action(IAMRequest, arn if table else "*")
            finally:
                del self._get_action

    DynamoHandler._authenticate_and_authorize_normal_action = authorize  # type: ignore[method-assign]
