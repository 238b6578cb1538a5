"""The API's refusals as the same errors that billflow itself raises, each with its stable code."""

import json
from typing import Any

from billflow.domain.errors import BillingError, InvalidInput, NotFound, Refused

UNAUTHORIZED, FORBIDDEN, MISSING, CONFLICT, UNPROCESSABLE = 401, 403, 404, 409, 422


class ApiError(BillingError):
    """The API said no in a way that has no other name."""

    code = "api_error"


class AuthenticationFailed(BillingError):
    """The key is missing, wrong, or lacks a scope."""

    code = "not_admitted"


class ServerUnreachable(BillingError):
    """The API could not be reached, was busy or failed, as often as was tried: whether it was done is unknown.

    Ask again with the same `Call`, which keeps its idempotency key.
    """

    code = "out_of_reach"


_BY_STATUS: dict[int, type[BillingError]] = {
    UNAUTHORIZED: AuthenticationFailed,
    FORBIDDEN: AuthenticationFailed,
    MISSING: NotFound,
    CONFLICT: Refused,
    UNPROCESSABLE: InvalidInput,
}


def error_of(status: int, content: bytes) -> BillingError:
    """Return what a problem says."""
    problem = _problem(content)
    kind = _BY_STATUS.get(status, ApiError)
    fields: list[dict[str, str]] = problem.get("errors") or []
    field = fields[0].get("field") if len(fields) == 1 else None
    message = str(problem.get("detail") or f"The API answered {status}.")
    return kind(message, code=str(problem.get("code") or kind.code), field=field)


def _problem(content: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
