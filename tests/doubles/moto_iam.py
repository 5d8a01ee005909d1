"""What moto's enforcement of policies lacks: tables of DynamoDB, items of transactions, batches."""

from __future__ import annotations

import json
from typing import Any

# TransactWriteItems is no action of IAM: each of its items needs that of its kind.
_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


def check_as_iam_does() -> None:
    """Makes moto check DynamoDB calls against the ARN of their table instead of `*`."""
    from moto.dynamodb.responses import DynamoHandler
    from moto.iam.access_control import IAMRequest

    permitted = IAMRequest.check_action_permitted

    def resource(self: Any) -> str:
        return _arn(self.region, self.current_account, _tables(self.body)[0])

    def check(self: Any, named: str) -> None:
        if not self._action.startswith("dynamodb:Transact"):
            # The batch calls of a queue need the action of the single ones.
            self._action = self._action.removesuffix("Batch")
            permitted(self, named)
            return
        for item in json.loads(self._body)["TransactItems"]:
            for kind, what in item.items():
                self._action = f"dynamodb:{_ACTIONS[kind]}"
                permitted(self, _arn(self._region, self.account_id, what["TableName"]))

    DynamoHandler._determine_resource = resource  # type: ignore[attr-defined]
    IAMRequest.check_action_permitted = check  # type: ignore[method-assign]


def _tables(body: Any) -> list[str]:
    """The tables that a call names; an empty name for a call that names none."""
    asked = body if isinstance(body, dict) else json.loads(body or "{}")
    if "TableName" in asked:
        return [asked["TableName"]]
    in_items = [w["TableName"] for i in asked.get("TransactItems", []) for w in i.values()]
    return [*in_items, *asked.get("RequestItems", {}), ""]


def _arn(region: str, account: str, table: str) -> str:
    return f"arn:aws:dynamodb:{region}:{account}:table/{table}" if table else "*"
