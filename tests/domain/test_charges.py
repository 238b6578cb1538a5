"""What was charged for the running cycle is loaded for commands only, so nothing else may ask for it."""

import ast

from tests.source import BILLFLOW, called, nodes

DOMAIN = BILLFLOW / "domain"


def test_only_a_change_of_tier_and_projections_read_what_was_charged() -> None:
    readers = {path.stem for path, node in nodes(DOMAIN) if isinstance(node, ast.Attribute) and node.attr == "charged"}
    callers = {path.stem for path, node in nodes(DOMAIN) if called(node) == "tier_change_credit"}
    changing = {path.stem for path, node in nodes(DOMAIN) if getattr(node, "attr", "") == "upgrade_tier_now"}

    assert readers == {"tier", "projection"}
    assert callers == {"tier"}
    assert changing == {"lifecycle"}, "the table of what commands do"
