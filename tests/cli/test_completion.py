"""The tab key completes commands and options in bash, zsh and fish."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import billflow, environment
from tests.sizes import further

LINE = "billflow pl"
BASH = shutil.which("bash") or ""


@pytest.mark.parametrize(
    ("shell", "variables"),
    [
        ("bash", {"COMP_WORDS": LINE, "COMP_CWORD": "1"}),
        *further(
            ("zsh", {"_TYPER_COMPLETE_ARGS": LINE}),
            ("fish", {"_TYPER_COMPLETE_ARGS": LINE, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
        ),
    ],
)
def test_each_shell_is_told_the_words_to_come(shell: str, variables: dict[str, str]) -> None:
    told = billflow(env=environment() | variables | {"_BILLFLOW_COMPLETE": f"complete_{shell}"})

    assert "plan" in told.out
    assert "invoice" not in told.out
    assert "_BILLFLOW_COMPLETE" in billflow("completion", shell, env=environment()).out


def test_zsh_finds_the_file_by_its_first_line_and_completes_at_the_first_tab() -> None:
    script = billflow("completion", "zsh", env=environment()).out

    assert script.startswith("#compdef billflow\n")
    assert script.count("== loadautofunc ]]; then\n  _billflow_completion") == 1


@pytest.mark.full
@pytest.mark.skipif(not BASH, reason="there is no bash here")
def test_bash_completes_a_command_of_a_noun_and_its_options(tmp_path: Path) -> None:
    program = tmp_path / "billflow"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m billflow.cli "$@"\n')
    program.chmod(0o755)
    script = tmp_path / "completion"
    script.write_text(billflow("completion", "bash", env=environment()).out)

    def completed(*words: str) -> list[str]:
        typed = f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}"
        asked = f'. {script}; {typed}; _billflow_completion {program}; printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run([BASH, "-c", asked], env=environment(), capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert completed("billflow", "plan", "fore") == ["forecast"]
    assert completed("billflow", "plan", "list", "--need") == ["--needs-attention"]
