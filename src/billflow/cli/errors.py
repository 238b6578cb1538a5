"""What went wrong, as one sentence for people and as data for scripts; never a stack trace."""

import json
import sys

from typer.exceptions import TyperException

from billflow.domain.errors import BillingError
from billflow.errors import CommandFailed, InternalError, UsageError

EXIT_REFUSED = 1
EXIT_INTERRUPTED = 130


def report(error: BillingError, *, as_json: bool) -> None:
    """Write what went wrong to standard error, as a sentence or as one line of JSON."""
    data = {"code": error.code, "message": error.message, "field": error.field}
    sys.stderr.write(f"{json.dumps(data) if as_json else error.message}\n")


def problem_of(error: Exception) -> BillingError:
    """Return what to say about *error*; one that nobody foresaw is named as a fault of ours."""
    if isinstance(error, BillingError):
        return error
    if isinstance(error, TyperException):
        return UsageError(_usage(error))
    if isinstance(error, ExceptionGroup):
        return problem_of(error.exceptions[0])
    return _invalid(error) or _outside(error)


def _invalid(error: Exception) -> BillingError | None:
    """Explain what our contracts refuse."""
    from pydantic import ValidationError

    from billflow.models.contracts.validation import field_refusal

    if not isinstance(error, ValidationError):
        return None
    first = error.errors()[0]
    return field_refusal(first, ".".join(map(str, first["loc"])) or "What was typed")


def _outside(error: Exception) -> BillingError:
    """Explain what the servers around us say."""
    from temporalio.exceptions import TemporalError

    if isinstance(error, TemporalError):
        return CommandFailed(f"Temporal did not take the request: {_one_line(error)}.", code="temporal_failed")
    if isinstance(error, OSError):
        return CommandFailed(f"The system refused: {_one_line(error)}.", code="system_error")
    return InternalError(f"This is a fault in billflow ({type(error).__name__}): {_one_line(error)}.")


def _usage(error: TyperException) -> str:
    said = _typed(error) or " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    see = f"; see {context.command_path} --help" if context else ""
    return f"{said}{see}."


def _typed(error: TyperException) -> str | None:
    """Explain what Typer, by pydantic, refuses of one argument or option."""
    from pydantic import ValidationError

    from billflow.models.contracts.validation import field_refusal

    if not isinstance(error.__cause__, ValidationError):
        return None
    found, parameter = error.__cause__.errors()[0], getattr(error, "param", None)
    named = next((word for word in getattr(parameter, "opts", ()) if word.startswith("-")), "What was typed")
    own = found.get("ctx", {}).get("error")
    return str(own or field_refusal(found, named)).rstrip(".")


def _one_line(said: object) -> str:
    return next((line.rstrip(".") for line in str(said).splitlines() if line.strip()), "no further word")
