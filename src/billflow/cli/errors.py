"""What went wrong, as one sentence for people and as data for scripts; never a stack trace."""

import json
import sys
from dataclasses import dataclass

from typer.exceptions import TyperException

from billflow.domain.errors import BillingError

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


@dataclass(frozen=True)
class CliProblem:
    """A failure to report: the sentence, its stable code, the field at fault and the exit code."""

    message: str
    code: str
    field: str | None = None
    exit_code: int = EXIT_REFUSED

    def report(self, *, as_json: bool) -> None:
        """Write it to standard error, as a sentence or as one line of JSON."""
        data = {"code": self.code, "message": self.message, "field": self.field}
        sys.stderr.write(f"{json.dumps(data) if as_json else self.message}\n")


def problem_of(error: Exception) -> CliProblem:
    """Return what to say about *error*; one that nobody foresaw is named as a fault of ours."""
    if isinstance(error, BillingError):
        return CliProblem(error.message, error.code, error.field)
    if isinstance(error, TyperException):
        return CliProblem(_usage(error), "usage", exit_code=error.exit_code)
    if isinstance(error, ExceptionGroup):
        return problem_of(error.exceptions[0])
    return _invalid(error) or _outside(error)


def _invalid(error: Exception) -> CliProblem | None:
    """Explain what our contracts refuse."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return None
    first = error.errors()[0]
    refused = first.get("ctx", {}).get("error")
    if isinstance(refused, BillingError):
        return problem_of(refused)
    field = ".".join(map(str, first["loc"])) or None
    return CliProblem(
        f"{field or 'The input'} can't be used: {_one_line(first['msg'].lower())}.", "invalid_input", field
    )


def _outside(error: Exception) -> CliProblem:
    """Explain what the servers around us say."""
    from temporalio.exceptions import TemporalError
    from temporalio.service import RPCError

    from billflow.ports.billing import DatabaseBusy, NoDatabase, PaymentsRejected, PaymentsUnavailable

    known: tuple[tuple[type[Exception], str, str], ...] = (
        (DatabaseBusy, "database_busy", ""),
        (NoDatabase, "no_database", ""),
        (PaymentsUnavailable, "stripe_unavailable", "Stripe can't be reached: "),
        (PaymentsRejected, "stripe_rejected", "Stripe refused: "),
        (RPCError, "temporal_failed", "Temporal did not take the request: "),
        (TemporalError, "temporal_failed", "Temporal did not take the request: "),
        (OSError, "system_error", "The system refused: "),
        (Exception, "internal_error", f"This is a fault in billflow ({type(error).__name__}): "),
    )
    code, beginning = next((code, beginning) for kind, code, beginning in known if isinstance(error, kind))
    return CliProblem(f"{beginning}{_one_line(error)}.", code)


def _usage(error: TyperException) -> str:
    said = " ".join(error.format_message().split()).replace("Value error, ", "").rstrip(".")
    context = getattr(error, "ctx", None)
    see = f"; see {context.command_path} --help" if context else ""
    return f"{said}{see}."


def _one_line(said: object) -> str:
    return next((line.rstrip(".") for line in str(said).splitlines() if line.strip()), "no further word")
