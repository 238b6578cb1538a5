"""Every failure is one sentence with a stable code, whoever it comes from."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, Never

import pytest
from temporalio.service import RPCError, RPCStatusCode

from billflow.cli import session
from billflow.cli.app import run
from billflow.cli.errors import problem_of
from billflow.cli.session import NoWorker, answered
from billflow.domain.errors import InvalidInput, NotEnoughLicenses
from billflow.models.contracts.customers import NewCustomer
from billflow.models.contracts.keys import KeyNamespace
from billflow.ports.database import DatabaseBusy, NoDatabase
from billflow.ports.payments import PaymentsUnavailable


def raising(error: BaseException) -> Any:
    def instead_of_running(coroutine: Coroutine[Any, Any, None]) -> Never:
        coroutine.close()
        raise error

    return instead_of_running


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (NotEnoughLicenses(5), "not_enough_licenses", "At least 5 licenses are needed."),
        (NoDatabase("PostgreSQL can't be reached."), "no_database", "PostgreSQL can't be reached."),
        (
            PaymentsUnavailable("Stripe can't be reached: no answer."),
            "stripe_unavailable",
            "Stripe can't be reached: no answer.",
        ),
        (DatabaseBusy("All connections are in use."), "database_busy", "All connections are in use."),
        (
            RPCError("deadline exceeded", RPCStatusCode.DEADLINE_EXCEEDED, b""),
            "temporal_failed",
            "Temporal did not take the request: deadline exceeded.",
        ),
        (ExceptionGroup("two jobs", [InvalidInput("First.")]), "invalid_input", "First."),
        (PermissionError(13, "Permission denied"), "system_error", "The system refused: [Errno 13] Permission denied."),
        (KeyError("status"), "internal_error", "This is a fault in billflow (KeyError): 'status'."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_failure_is_one_sentence_and_as_json_has_its_code(
    error: Exception, code: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(asyncio, "run", raising(error))

    assert run(["keys", "list"]) == 1
    assert capsys.readouterr().err == f"{message}\n"
    assert run(["keys", "list", "--json"]) == 1
    said = json.loads(capsys.readouterr().err)
    assert (said["code"], said["message"]) == (code, message)


def test_what_a_contract_refuses_is_said_in_our_own_words() -> None:
    with pytest.raises(ValueError, match="currency") as refused:
        NewCustomer(name="Acme", email="a@b.c", default_currency="XYZ")

    problem = problem_of(refused.value)

    assert problem.code == "unknown_currency"
    assert problem.message == "'XYZ' is no ISO 4217 currency; use a code such as USD."


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(asyncio, "run", raising(KeyboardInterrupt()))

    assert run(["keys", "list"]) == 130
    assert capsys.readouterr() == ("", "")


async def test_without_a_worker_one_is_told_to_start_one_and_how_to_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "PATIENCE_SECONDS", 0.01)

    with pytest.raises(NoWorker, match=r"start a worker with `billflow worker`.* --idempotency-key mine"):
        await answered(asyncio.Event().wait(), KeyNamespace.CLIENT.key("mine"))
