"""Bad input gets one clear sentence and a non-zero exit, no stack trace, and nothing half written."""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, assert_refused
from tests.sizes import further, some

pytestmark = pytest.mark.journey

NOBODY = "00000000-0000-4000-8000-000000000000"
BUY = ("--tier", "cloud_standard", "--schedule", "monthly")
BY_HAND = ("--license-management", "manual", "--collection-method", "send_invoice", "--licenses")


@pytest.fixture(scope="module")
def customer(terminal: Terminal) -> str:
    """Return a customer for whom nothing is ever started."""
    return terminal.customer()


@pytest.fixture(scope="module")
def trial(terminal: Terminal) -> str:
    """Return a plan that nothing ever changes."""
    return terminal.trial(terminal.customer())


@pytest.mark.parametrize(
    ("options", "sentence"),
    some(
        2,
        [
            (("--tier", "cloud_gold", "--schedule", "monthly"), "There is no tier 'cloud_gold'; the tiers are "),
            ((*BUY, *BY_HAND, "0"), "licenses must lie between 1 and 1,000,000, not at 0."),
            ((*BUY, *BY_HAND, "-3"), "licenses must lie between 1 and 1,000,000, not at -3."),
            ((*BUY, *BY_HAND, "9" * 30), "licenses must lie between 1 and 1,000,000, not at 999,"),
            ((*BUY, "--trial-days", "-1"), "trial_days must lie between 0 and 730."),
            ((*BUY, "--test-clock", NOBODY), f"There is no test clock '{NOBODY}'."),
        ],
    ),
)
def test_a_plan_that_cannot_be_is_not_started(
    terminal: Terminal, customer: str, options: tuple[str, ...], sentence: str
) -> None:
    assert_refused(terminal("plan", "start", customer, *options), sentence)
    assert terminal("plan", "list", "--customer", customer, "--json").data["total"] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    some(
        2,
        [
            (("set-licenses", "--licenses", "0"), "licenses must lie between 1 and 1,000,000, not at 0."),
            (("set-licenses", "--licenses", "-1"), "licenses must lie between 1 and 1,000,000, not at -1."),
            (("set-licenses", "--licenses", "1000001"), "licenses must lie between 1 and 1,000,000, not at 1,000,001."),
            (
                ("set-licenses", "--licenses", "50"),
                "During the trial only the licenses of the next cycle can be changed.",
            ),
            (("upgrade-tier-now", "--tier", "nope"), "There is no tier 'nope'; the tiers are "),
            (("extend-trial", "--days", "0"), "days must lie between 1 and 730."),
        ],
    ),
)
@pytest.mark.parametrize("verb", ["command", *further("preview")])
def test_a_command_that_cannot_be_changes_nothing(
    terminal: Terminal, trial: str, verb: str, words: tuple[str, ...], sentence: str
) -> None:
    assert_refused(terminal("plan", verb, trial, *words), sentence)
    assert terminal.state(trial)["version"] == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    some(
        8,
        [
            (("plan", "show", NOBODY), f"There is no plan '{NOBODY}'."),
            (("plan", "show", "nothing"), "There is no plan 'nothing'; `billflow plan list` shows them."),
            (("plan", "command", NOBODY, "end-now"), f"There is no plan '{NOBODY}'."),
            (("plan", "signal", NOBODY, "end-now"), f"There is no plan '{NOBODY}'."),
            (("plan", "ledger", NOBODY), f"There is no plan '{NOBODY}'."),
            (("invoice", "show", NOBODY), f"There is no invoice '{NOBODY}'."),
            (("customer", "show", NOBODY), f"There is no customer '{NOBODY}'."),
            (("plan", "start", NOBODY, *BUY), f"There is no customer '{NOBODY}'."),
            (("seats", "report", NOBODY, "--members", "3"), f"There is no customer '{NOBODY}'."),
            (("clock", "advance", NOBODY, "2030-01-01"), f"There is no test clock '{NOBODY}'."),
            (("customer", "create", "Acme", "no address"), "email is written in another form; see /docs for one."),
            (("customer", "create", "Acme", "a@b.c", "--default-currency", "XYZ"), "'XYZ' is no ISO 4217 currency;"),
            (("customer", "list", "--status", "asleep"), "status must be 'active', 'suspended' or 'inactive'."),
            (("plan", "list", "--after", "nonsense"), "after is no cursor of this list;"),
            (("plan", "list", "--limit", "50", "--customer", "x y"), "There is no customer 'x y'; "),
            (("seats", "import", "missing.csv"), "missing.csv can't be read: No such file or directory."),
        ],
    ),
)
def test_what_does_not_exist_is_named(terminal: Terminal, words: tuple[str, ...], sentence: str) -> None:
    assert_refused(terminal(*words), sentence)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("plan", "start", NOBODY, "--tier", "cloud_standard", "--schedule", "weekly"), "'weekly' is not one of"),
        (("plan", "command", NOBODY, "make-coffee"), "No such command 'make-coffee'; see "),
        (
            ("plan", "command", NOBODY, "set-licenses", "--licenses", "many"),
            "--licenses must be a whole number; see ",
        ),
        (("plan", "lst"), "No such command 'lst'. Did you mean 'list'?; see billflow plan --help."),
        (("clock", "create", "x", "--at", "soon"), "'soon' is no moment; write it as 2027-01-31"),
        (("dev", "--api-port", "99999"), "--api-port must be at most 65535; see "),
    ],
)
def test_what_cannot_be_typed_exits_with_2(terminal: Terminal, words: tuple[str, ...], sentence: str) -> None:
    assert_refused(terminal(*words), sentence, code=2)


def test_a_csv_without_the_columns_reports_nothing(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "notes.csv"
    file.write_bytes(b"\x00\xff not a table")

    assert_refused(terminal("seats", "import", str(file)), "is no CSV text in UTF-8")
