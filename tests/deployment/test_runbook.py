"""What the runbook tells people to set up is what the code goes by."""

import re

from billflow.models.contracts.stripe_event_types import HANDLED_TYPES
from billflow.service.stripe_event_handlers import _HANDLERS
from tests.source import ROOT


def test_the_runbook_names_every_type_of_event_that_changes_something_and_no_other() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    [chapter] = re.findall(r"## Stripe is to be connected\n(.*?)\n## ", runbook, re.DOTALL)
    named = re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", chapter)

    assert sorted(named) == sorted(HANDLED_TYPES)


def test_every_one_of_them_has_its_handler() -> None:
    assert sorted(_HANDLERS) == sorted(HANDLED_TYPES)
