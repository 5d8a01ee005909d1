"""Errors of AWS services as typed errors: one sentence with what was refused, on what, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from resources.failure import FailureKind, SparknetError

# Codes as the services send them; most are common to all, others are listed with their service:
# https://docs.aws.amazon.com/general/latest/gr/api-retries.html
THROTTLING = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "TransactionInProgressException",
        "SlowDown",
    }
)
_QUOTA = frozenset({"ServiceQuotaExceededException", "AccountLimitExceededException"})
DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "403", "Forbidden", "UnauthorizedOperation"}
)
_KMS = frozenset(
    {
        "KMSAccessDeniedException",
        "KMS.AccessDeniedException",
        "KMS.DisabledException",
        "KMS.NotFoundException",
        "KMS.KMSInvalidStateException",
        "InvalidKMSKeyException",
    }
)
_CREDENTIALS = {
    "ExpiredToken": "have expired",
    "ExpiredTokenException": "have expired",
    "RequestExpired": "have expired, or this machine's clock is wrong",
    "RequestTimeTooSkewed": "are refused, since this machine's clock is wrong",
    "InvalidAccessKeyId": "are unknown to AWS",
    "InvalidClientTokenId": "are unknown to AWS",
    "UnrecognizedClientException": "are unknown to AWS",
    "SignatureDoesNotMatch": "have a wrong secret",
    "InvalidSignatureException": "have a wrong secret, or this machine's clock is wrong",
    "AuthFailure": "are refused",
    "IncompleteSignature": "are incomplete",
    "MissingAuthenticationToken": "are missing",
    "MissingAuthenticationTokenException": "are missing",
}
_REGION = frozenset(
    {
        "301",
        "PermanentRedirect",
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
    }
)
_GONE = {
    "NoSuchBucket": "there is no such bucket",
    "NoSuchKey": "there is no such object",
    "ResourceNotFoundException": "there is no such resource",
    "QueueDoesNotExist": "there is no such queue",
    "AWS.SimpleQueueService.NonExistentQueue": "there is no such queue",
    "404": "there is nothing of that name",
}
_DAMAGED = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"})
_PASSING = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ModelNotReadyException",
        "ModelTimeoutException",
        "ModelErrorException",
        "RequestTimeout",
        "NoSuchUpload",  # aborted by somebody else while it was written
        "500",
        "502",
        "503",
        "504",
    }
)


@contextmanager
def aws_errors(action: str, resource: str) -> Iterator[None]:
    """Turns what boto3 raises inside into a SparknetError.

    Args:
        action: As IAM names it (`s3:GetObject`): what a policy would have to allow.
        resource: What it was for, so that a reader finds it: an ARN, `s3://bucket/key`, a model.
    """
    try:
        yield
    except Exception as error:
        typed = as_aws_error(error, action, resource)
        if typed is None:
            raise
        raise typed from error


def error_code(error: Exception) -> str:
    """The code of a service's error; empty for any other exception."""
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    code = str(response.get("Error", {}).get("Code", ""))
    return code[:1].upper() + code[1:]  # an event of a stream names its error in lower case


def as_aws_error(error: Exception, action: str, resource: str) -> SparknetError | None:
    """The typed error for what boto3 raised; None when it is not one of AWS's.

    No message quotes a request, so no secret and no text of a document gets into logs.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        return _of_service(error, action, resource)
    if isinstance(error, BotoCoreError):
        return _of_client(error, action, resource)
    return None


def _of_service(error: Any, action: str, resource: str) -> SparknetError:
    code = error_code(error)
    said = str(error.response.get("Error", {}).get("Message", ""))
    if code in _KMS or (code in DENIED and "kms:" in said.lower()):
        return _refused(
            f"The key that encrypts {resource} may not be used ({code}): allow kms:Decrypt and"
            " kms:GenerateDataKey on it to this role, in the key's policy too, and check that it"
            " is enabled."
        )
    if code in DENIED:
        return _refused(
            f"AWS does not allow {action} on {resource}: add it to the policy of the role that"
            " SPARKNET runs as."
        )
    if code in _CREDENTIALS:
        return _refused(
            f"The AWS credentials {_CREDENTIALS[code]} ({code} for {action}): renew them, then"
            " start again."
        )
    if code in _REGION:
        return _refused(f"{resource} is in another region than AWS_REGION says ({code}).")
    if code in _QUOTA:
        return SparknetError(
            FailureKind.THROTTLED,
            f"A quota of this AWS account is used up ({code} for {action} on {resource}): ask for"
            " more in Service Quotas, or lower the limits in the settings.",
        )
    if code in THROTTLING:
        return SparknetError(
            FailureKind.THROTTLED,
            f"AWS throttled {action} on {resource} ({code}) through all attempts: it is tried"
            " again later.",
        )
    if code in _GONE:
        return _refused(f"{action}: {_GONE[code]}: {resource}.")
    if code in _DAMAGED:
        return SparknetError(
            FailureKind.UNAVAILABLE,
            f"What {action} sent to {resource} was damaged on its way, and refused ({code}): it is"
            " tried again later.",
        )
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _PASSING or status >= 500:
        return SparknetError(
            FailureKind.UNAVAILABLE,
            f"AWS could not do {action} on {resource} ({code or status}): it is tried again later.",
        )
    return SparknetError(
        FailureKind.INTERNAL, f"AWS refused {action} on {resource}: {code}.", retryable=False
    )


def _of_client(error: Exception, action: str, resource: str) -> SparknetError:
    from botocore import exceptions

    if isinstance(
        error,
        exceptions.NoCredentialsError
        | exceptions.PartialCredentialsError
        | exceptions.CredentialRetrievalError
        | exceptions.TokenRetrievalError
        | exceptions.UnauthorizedSSOTokenError,
    ):
        return _refused(
            f"No AWS credentials were found for {action}: set AWS_PROFILE, or run with a role."
        )
    if isinstance(error, exceptions.FlexibleChecksumError):
        return SparknetError(
            FailureKind.UNAVAILABLE,
            f"What {action} gave of {resource} does not have its checksum: it is tried again"
            " later.",
        )
    if isinstance(error, exceptions.EndpointConnectionError | exceptions.HTTPClientError):
        return SparknetError(
            FailureKind.UNAVAILABLE,
            f"AWS could not be reached for {action} on {resource} ({type(error).__name__}): check"
            " the network and AWS_REGION.",
        )
    return SparknetError(
        FailureKind.INTERNAL,
        f"{action} on {resource} failed before it was sent: {type(error).__name__}.",
        retryable=False,
    )


def _refused(message: str) -> SparknetError:
    return SparknetError(FailureKind.REFUSED, message)
