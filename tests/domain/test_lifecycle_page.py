"""docs/lifecycle.md says what the code does."""

from billflow.domain.lifecycle import ROWS
from scripts.lifecycle_doc import PAGE, SAMPLES, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python scripts/lifecycle_doc.py"


def test_the_page_has_every_command() -> None:
    assert {type(command) for command in SAMPLES} == set(ROWS)
