"""One event, one line; and the line says for whom it happened."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import replace

import structlog
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from billflow.telemetry.logging import configure_logging
from billflow.temporal.interceptors import ActivityContextInterceptor


class Lines(io.StringIO):
    """Standard error, as whoever collects logs reads it."""

    def objects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@contextmanager
def json_logs() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    with redirect_stderr(Lines()) as lines:
        configure_logging("json")
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


def test_an_exception_stays_inside_its_line() -> None:
    with json_logs() as lines:
        try:
            int("no such plan")
        except ValueError:
            structlog.get_logger().exception("step failed")

    (line,) = lines.objects()
    assert "no such plan" in str(line["exception"])


class _Runs(ActivityInboundInterceptor):
    def __init__(self) -> None:
        """Stand at the end of the chain."""

    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        return await input.fn(*input.args)


async def test_a_line_of_an_activity_names_its_workflow_and_attempt() -> None:
    async def send_invoice() -> None:
        structlog.get_logger().info("sending")

    environment = ActivityEnvironment()
    environment.info = replace(ActivityEnvironment.default_info(), workflow_id="plan/42", attempt=3)
    chain = ActivityContextInterceptor().intercept_activity(_Runs())
    call = ExecuteActivityInput(fn=send_invoice, args=(), executor=None, headers={})

    with json_logs() as lines:
        await environment.run(chain.execute_activity, call)

    (line,) = lines.objects()
    assert (line["workflow_id"], line["attempt"]) == ("plan/42", 3)
