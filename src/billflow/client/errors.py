"""The API's refusals as the same errors that billflow itself raises, each with its stable code."""

import json
from typing import Any

from billflow.domain.errors import BillingError
from billflow.errors import KINDS, InternalError, Unavailable


class ApiError(InternalError):
    """The API answered `billflow.client` by a status or a body that no billflow sends.

    Check the address, and what stands between.
    """

    code = "api_error"


class ServerUnreachable(Unavailable):
    """`billflow.client` did not reach the API, or found it busy, as often as it tried; whether it was done is unknown.

    Make the same `Call` again, which keeps its idempotency key.
    """

    code = "out_of_reach"


_BY_STATUS = {kind.http_status: kind.error for kind in reversed(KINDS)}


def error_of(status: int, content: bytes) -> BillingError:
    """Return what a problem says, as the kind that has its status."""
    problem = _problem(content)
    if "code" not in problem:
        return ApiError(f"The API answered {status}, and not as billflow does; check the address.")
    kind = _BY_STATUS.get(status, ApiError)
    fields: list[dict[str, str]] = problem.get("errors") or []
    field = fields[0].get("field") if len(fields) == 1 else None
    return kind(str(problem.get("detail", "")), code=str(problem["code"]), field=field)


def _problem(content: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
