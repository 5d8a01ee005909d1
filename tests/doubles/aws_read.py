"""Importing it reads the models of the services that processes of tests ask."""

from __future__ import annotations

import boto3

from tests.doubles.aws_models import share_models

share_models()
for _service in ("dynamodb", "s3"):
    boto3.session.Session("none", "none", region_name="us-east-1").client(_service)
