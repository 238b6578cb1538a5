"""The policy of collection at the command line, on the real stack."""

import pytest

from tests.cli.terminal import Terminal, assert_refused

pytestmark = pytest.mark.journey


def test_a_policy_is_changed_in_parts_and_the_audit_log_says_how(terminal: Terminal) -> None:
    before = terminal("dunning", "show", "--json").data
    parts = ("--retry-after", "2,4", "--end-plan-after", "off", "--small-organizations", "5:2", "--no-suspend")
    changed = terminal("dunning", "set", *parts, "--reason", "asked for", "--json").data

    assert changed == before | {
        "retry_after_days": [2, 4],
        "end_plan_after_days": None,
        "small_organizations": {"seats": 5, "invoices": 2},
        "suspend_customer": False,
    }
    assert "below 5 seats, 2 invoices unpaid" in terminal("dunning", "show").out
    entry = terminal("audit", "list", "--action", "dunning_policy.changed", "--json").data["audit"][0]
    assert (entry["before"]["retry_after_days"], entry["after"]["retry_after_days"]) == ([1, 3, 5, 7], [2, 4])
    assert entry["actor"].startswith("key:")
    assert entry["detail"] == {"reason": "asked for"}

    back = ("--retry-after", "1,3,5,7", "--end-plan-after", "30", "--small-organizations", "off", "--suspend")
    assert terminal("dunning", "set", *back, "--json").data == before


@pytest.mark.parametrize(
    ("parts", "reported"),
    [
        ((), "Name what to change"),
        (("--retry-after", "3,1"), "retry_after_days must name each day once, the earliest first"),
        (("--retry-after", "0"), "retry_after_days must be from 1 to 365, not 0"),
        (("--retry-after", "soon"), "'soon' is no number of days"),
        (("--remind=-90,0",), "reminder_days must be from -60 to 365, not -90"),
        (("--end-plan-after", "400"), "end_plan_after_days must be from 0 to 365, not 400"),
        (("--small-organizations", "5"), "write it as SEATS:INVOICES"),
        (("--small-organizations", "1:2"), "small_organizations.seats must be from 2 to 1000, not 1"),
    ],
)
def test_a_policy_that_cant_be_followed_is_refused_by_its_field(
    terminal: Terminal, parts: tuple[str, ...], reported: str
) -> None:
    assert_refused(terminal("dunning", "set", *parts), reported)
