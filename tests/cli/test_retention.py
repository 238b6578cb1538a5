"""Old rows leave by the command line, which says what left; an archive that isn't one is refused."""

from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from billflow.cli import local_stack
from tests.cli.terminal import Terminal, assert_refused

FOREIGN = """
    INSERT INTO foreign_stripe_event (stripe_event_id, type, reason, payload, received_at)
    VALUES (%s, 'invoice.paid', 'unknown_customer', %s, now() - make_interval(days => %s))
"""


@pytest.fixture
def foreign_events(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an event of Stripe's that is nobody's have come 31 days ago, and one today."""
    monkeypatch.setenv("XDG_STATE_HOME", str(stack / "state"))
    (running,) = local_stack.running()
    with psycopg.connect(running.environment["DATABASE_URL"]) as connection:
        connection.execute("SET ROLE billflow_watch")
        for name, days in (("evt_old", 31), ("evt_young", 0)):
            connection.execute(FOREIGN, [name, Jsonb({"objects": {"invoice": "in_stranger"}}), days])


@pytest.mark.usefixtures("foreign_events")
def test_foreign_events_are_listed_until_they_are_pruned(terminal: Terminal) -> None:
    listed = terminal("foreign-events", "--json").data["foreign_events"]
    assert {"evt_old", "evt_young"} <= {event["event_id"] for event in listed}
    assert "evt_young" in terminal("foreign-events").out

    assert "1 foreign event" in terminal("prune").out
    assert "evt_old" not in terminal("foreign-events").out
    assert terminal("prune", "--json").data["foreign_events"] == 0


def test_a_file_that_is_no_archive_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "archive.jsonl").write_text("nonsense\n")

    assert_refused(terminal("audit", "verify", "--archive", str(tmp_path / "archive.jsonl")), "archive")
