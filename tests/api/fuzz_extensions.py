"""What schemathesis has to know of us: real ids, fresh idempotency keys, and which refusals no schema can express."""

import json
import os
import re
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.checks import CheckContext

IDS: dict[str, str] = json.loads(os.environ.get("FUZZED_IDS", "{}"))
KEY = "Idempotency-Key"
VALID_KEY = re.compile(r"[!-~]{1,200}")
OF_SCHEMAS = frozenset({"field_missing", "wrong_type", "out_of_range", "not_one_of", "unknown_field"})
"""The codes of errors that a schema can announce. `too_short` and `wrong_format` are none: text is trimmed before it is
measured, and what is a blank in a pattern differs from one language to the next."""


@schemathesis.hook
def map_path_parameters(
    context: HookContext,  # noqa: ARG001  (hooks are called by name)
    path_parameters: dict[str, Any] | None,
) -> dict[str, Any] | None:
    """Let every second generated id be one that exists."""
    return {
        name: IDS[name] if name in IDS and len(str(value)) % 2 else value
        for name, value in (path_parameters or {}).items()
    }


@schemathesis.hook
def before_call(
    context: HookContext,  # noqa: ARG001  (hooks are called by name)
    case: Case[Any],
    kwargs: dict[str, Any],  # noqa: ARG001
) -> None:
    """Give each write a key of its own, or all but the first would be refused as repeats."""
    key = str(case.headers.get(KEY, "")) if case.headers else ""
    if VALID_KEY.fullmatch(key):
        case.headers[KEY] = f"{key}-{uuid4().hex}"


@schemathesis.check
def what_fits_the_schema_is_taken_or_refused_for_a_named_reason(
    ctx: CheckContext,  # noqa: ARG001  (checks are called by name)
    response: Response,
    case: Case[Any],
) -> bool | None:
    """Hold that a request that fits the schema is refused for what no schema can say, if it is."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return None
    codes = {error["code"] for error in response.json().get("errors", [])}
    assert not codes & OF_SCHEMAS, f"fits the schema, but not the model: {response.text}"
    return None
