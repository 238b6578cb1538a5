"""One event, one line; and the line says for whom it happened."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace

import pytest
import structlog
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ActivityOutboundInterceptor, ExecuteActivityInput

from billflow.models.contracts.customers import NewCustomer
from billflow.settings import LogFormat
from billflow.store.audit.personal_data import SEALED
from billflow.store.session.database import Database
from billflow.telemetry.logging import configure_logging
from billflow.telemetry.personal_data import FIELDS
from billflow.temporal.interceptors import ActivityContextInterceptor

ROSEBUD = "Rosebud Ltd"


class Lines(io.StringIO):
    """Standard error, as whoever collects logs reads it."""

    def objects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@contextmanager
def json_logs(log_format: LogFormat = "json") -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    with redirect_stderr(Lines()) as lines:
        configure_logging(log_format)
        yield lines
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_both_kinds_of_logger_write_one_json_object_per_line() -> None:
    with json_logs() as lines:
        structlog.get_logger("billflow").info("invoice sent", invoice="inv_1")
        logging.getLogger("library").warning("slow\nanswer", extra={"seconds": 3})

    ours, theirs = lines.objects()
    assert (ours["event"], ours["invoice"], ours["level"]) == ("invoice sent", "inv_1", "info")
    assert (theirs["event"], theirs["seconds"], theirs["level"]) == ("slow\nanswer", 3, "warning")


def test_a_warning_of_a_library_is_one_line_too() -> None:
    code = "import warnings; from billflow.telemetry.logging import *; configure_logging('json'); warnings.warn('late')"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    (line,) = run.stderr.splitlines()
    warning = json.loads(line)
    assert (warning["logger"], warning["level"]) == ("py.warnings", "warning")
    assert "UserWarning: late" in warning["event"]


def test_an_exception_stays_inside_its_line() -> None:
    with json_logs() as lines:
        try:
            int("no such plan")
        except ValueError:
            structlog.get_logger().exception("step failed")

    (line,) = lines.objects()
    assert "no such plan" in str(line["exception"])


class _Says(ActivityOutboundInterceptor):
    def __init__(self) -> None:
        """Stand at the end of the chain."""


class _Runs(ActivityInboundInterceptor):
    def __init__(self) -> None:
        """Stand at the end of the chain."""

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        """Need nobody to speak to."""

    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        return await input.fn(*input.args)


async def test_a_line_of_an_activity_names_its_workflow_and_attempt() -> None:
    async def send_invoice() -> None:
        structlog.get_logger().info("sending")

    environment = ActivityEnvironment()
    environment.info = replace(ActivityEnvironment.default_info(), workflow_id="plan/42", attempt=3)
    chain = ActivityContextInterceptor().intercept_activity(_Runs())
    chain.init(_Says())
    call = ExecuteActivityInput(fn=send_invoice, args=(), executor=None, headers={})

    with json_logs() as lines:
        await environment.run(chain.execute_activity, call)

    (line,) = lines.objects()
    assert (line["workflow_id"], line["attempt"]) == ("plan/42", 3)


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_an_error_of_the_database_tells_no_values_in_the_log(log_format: LogFormat, postgres_url: str) -> None:
    database = Database(postgres_url)
    failing = [
        "SELECT CAST(:secret AS integer)",
        'SELECT CAST(\'{"x": Infinity, "who": "\' || :secret || \'"}\' AS jsonb)',
    ]
    with json_logs(log_format) as lines:
        for statement in failing:
            try:
                async with database.engine.connect() as connection:
                    await connection.execute(text(statement), {"secret": "who@acme.example"})
            except DBAPIError:
                structlog.get_logger().exception("failed")
        try:
            async with database.engine.connect() as connection:
                await connection.execute(text("CREATE TEMPORARY TABLE once (legal_name text UNIQUE)"))
                for _ in range(2):
                    await connection.execute(text("INSERT INTO once VALUES (:secret)"), {"secret": ROSEBUD})
        except DBAPIError:
            logging.getLogger("library").exception("failed")
    await database.close()

    written = lines.getvalue()
    assert written.count("Traceback") >= 3
    assert "INSERT INTO once" in written
    assert not [secret for secret in ("who@acme", "acme.example", ROSEBUD) if secret in written]


def test_personal_fields_and_addresses_are_dropped_at_any_depth() -> None:
    with json_logs() as lines:
        structlog.get_logger().info("sent to Ann <ann@acme.example>", email="x", customer={"legal_name": "x", "n": [1]})
        logging.getLogger("library").warning("no %s", "bob@acme.example", extra={"tax_id": "x", "plan_id": "7"})

    ours, theirs = lines.objects()
    assert (ours["event"], ours["customer"]) == ("sent to Ann <[hidden]>", {"n": [1]})
    assert (theirs["event"], theirs["plan_id"]) == ("no [hidden]", "7")
    assert {"email", "tax_id"}.isdisjoint({*ours, *theirs})


def test_what_is_wrong_with_a_payload_is_told_without_its_values() -> None:
    with pytest.raises(ValidationError) as refused:
        NewCustomer.model_validate({"name": "Acme", "email": ["ann@acme.example"]})

    assert "email" in str(refused.value)
    assert "ann@" not in str(refused.value)


def test_a_personal_field_of_history_is_dropped_from_logs_unless_lines_of_ours_use_its_name_otherwise() -> None:
    assert {"name", "deployment", "reason"} == SEALED - FIELDS
