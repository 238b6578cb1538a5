"""What people read: tables as narrow as the terminal where they can be, and nothing in them that is damaged."""

import csv
import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from billflow.cli import output
from billflow.cli.json_objects import JsonObject
from billflow.cli.output import FactList, Listing, Table, shown_fields
from billflow.cli.plan_views import LISTED_INVOICES, PLANS, timeline_lines
from billflow.cli.queues import QUEUES
from billflow.models.contracts.queues import QueueRecord

NAME = "Wasserwerke Oberland und Umgebung GmbH"
ID = "e57864eb-9fa4-4624-97fb-8ec0e27c1f00"
PLAN = JsonObject(
    id=ID,
    customer_name=NAME,
    tier_name="Cloud Standard",
    schedule="half_yearly",
    status="switch_to_annual_at_end_of_cycle",
    licenses=1200,
    due_at="2026-12-29T00:25:04Z",
    attention=JsonObject(code="step_failing"),
)
INVOICE = JsonObject(
    id=ID,
    number="INV-2026-00001",
    customer_name=NAME,
    kind="recurring",
    status="uncollectible",
    issued_at="2026-12-29T00:25:04Z",
    total=12345678,
    currency="USD",
)
QUEUE = QueueRecord(
    queue="billflow-reconciliation",
    per_second=None,
    activities_waiting=0,
    workflows_waiting=0,
    workers=1,
    set_by="cli:kim",
    set_at=None,
    reason=f"as agreed with {NAME}",
)


def printed(part: Table | FactList | str, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the lines that a terminal of a width is given."""
    written = io.StringIO()
    terminal = Console(file=written, width=width, highlight=False, markup=False, emoji=False)
    monkeypatch.setattr(output, "console", lambda: terminal)
    output.show(part)
    return written.getvalue().splitlines()


@pytest.mark.parametrize(
    ("columns", "record"),
    [(PLANS, PLAN), (LISTED_INVOICES, INVOICE), (QUEUES, QUEUE)],
    ids=["plans", "invoices", "queues"],
)
@pytest.mark.parametrize("width", [80, 120, 200])
def test_a_list_fits_its_terminal_and_widens_with_it(
    columns: output.Columns, record: JsonObject | QueueRecord, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = printed(Table("All", columns, [record]), width, monkeypatch)

    assert max(map(cell_len, lines)) <= width
    if width == 200:
        assert NAME in "\n".join(lines)


@pytest.mark.parametrize("text", [ID, "in_R04X", "pm_card_visa", "[bold]Acme[/bold]", "key:dog:key", "a" * 60])
@pytest.mark.parametrize("width", [20, 80])
def test_what_has_no_space_is_never_broken_nor_read_as_markup(
    text: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = f"for {text} and more words than one line of a narrow terminal has"
    for part in (
        Table("All", {"id": lambda _: text, "what~": lambda _: words}, [None]),
        FactList("One", {"id": text, "why": words}),
        words,
    ):
        assert "\n".join(printed(part, width, monkeypatch)).count(text) >= 1


def test_what_happened_to_a_plan_is_one_line_each_in_the_order_of_its_dates() -> None:
    later = JsonObject(
        at="2026-02-01T00:00:00Z", name="plan.purchase_started", actor_name=None, data={"invoice_id": "in_R04X"}
    )
    first = JsonObject(at="2026-01-31T00:00:00Z", name="add_item", actor_name="backend", data={"unit_amount": 12000})

    lines = timeline_lines([later, first], "EUR")

    assert [" ".join(line.split()) for line in lines] == [
        "2026-01-31 00:00 add item backend unit amount EUR 120",
        "2026-02-01 00:00 plan.purchase_started invoice id in_R04X",
    ]


def test_amounts_are_money_and_moments_are_readable() -> None:
    refund = {
        "amount": 500,
        "status": "succeeded",
        "stripe_id": "re_Y2j",
        "settled_at": "2026-01-31T12:00:00Z",
        "x": None,
    }

    shown = shown_fields(refund, "KWD")

    assert shown == {
        "amount": "KWD 0.500",
        "status": "succeeded",
        "stripe_id": "re_Y2j",
        "settled_at": "2026-01-31 12:00",
    }


def test_amounts_in_lists_are_money_of_the_currency_beside_them() -> None:
    delayed = [
        {"issued_at": "2026-07-01T09:30:00Z", "total": 8000, "currency": "EUR"},
        {"issued_at": "2026-08-01T09:30:00+00:00", "total": 0, "currency": "JPY"},
    ]

    shown = shown_fields({"invoices": delayed, "total": 8000, "tiers": ["a", "b"], "lines": [], "paid": True}, "USD")

    assert shown == {
        "invoices": "(issued at 2026-07-01 09:30, total EUR 80; issued at 2026-08-01 09:30, total JPY 0)",
        "total": "USD 80",
        "tiers": "(a; b)",
        "paid": "yes",
    }


def test_csv_has_a_line_for_each_and_the_names_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        JsonObject(id="a", name='Acme, "Inc"', account=JsonObject(currency="USD"), tiers=["x"]),
        JsonObject(id="b", live=True),
    ]

    Listing(JsonObject(customers=rows, total=2, next=None)).show(as_csv=True)

    assert list(csv.DictReader(io.StringIO(capsys.readouterr().out))) == [
        {"id": "a", "name": 'Acme, "Inc"', "account.currency": "USD", "tiers": '["x"]', "live": ""},
        {"id": "b", "name": "", "account.currency": "", "tiers": "", "live": "true"},
    ]


def test_csv_has_no_formulas_and_negative_amounts_are_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [JsonObject(name="=HYPERLINK(1)", account=JsonObject(note="@SUM(A1)"), amount=-500)]

    Listing(JsonObject(credits=rows, total=1, next=None)).show(as_csv=True)

    assert capsys.readouterr().out == "name,account.note,amount\n'=HYPERLINK(1),'@SUM(A1),-500\n"
