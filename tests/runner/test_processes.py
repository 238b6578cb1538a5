"""How `scripts/run_tests.py` divides the folders of tests among processes."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.runner.commands import run_tests

MODULE = """
import os
from pathlib import Path

import pytest

@pytest.fixture(scope="session")
def pid():
    yield os.getpid()
    Path({ended!r}, str(os.getpid())).touch()

@pytest.mark.parametrize("number", [0, pytest.param(1, marks={marks}), 2])
def test_with_output(number, pid, capfd, tmp_path):
    assert pid == os.getpid()
    assert f"process-" in str(tmp_path)
    print(number, pid)
    assert capfd.readouterr().out == f"{{number}} {{pid}}\\n"
    {then}
"""
NOISY = """
    if number == 2:
        __import__("threading").Thread(target=lambda: [os.write(1, b"a log\\n") for _ in range(50_000)]).start()
"""
KILLED = "if number == 1: os.kill(pid, 9)"
WAITING = 'Path({begun!r}).touch(); __import__("time").sleep(600)'
HANGING = """if number == 1:
        import signal, time
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        time.sleep(600)
"""
UNENDING = '__import__("threading").Thread(target=__import__("time").sleep, args=(600,)).start()'


def folders(root: Path, last: str = "", marks: str = "()") -> tuple[list[str], Path]:
    """Write three folders of tests, the last of which does more; return how to run them and what has who ended well."""
    ended = root / "ended"
    ended.mkdir()
    for number, then in enumerate(["", "", last]):
        module = root / "tests" / f"folder{number}" / "test_it.py"
        module.parent.mkdir(parents=True)
        module.write_text(MODULE.format(ended=str(ended), then=then, marks=marks))
    return run_tests(root, "--processes", "2", "-p", "no:cacheprovider"), ended


def test_every_test_runs_once_in_one_of_the_processes(tmp_path: Path) -> None:
    command, ended = folders(tmp_path)

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "9 passed, 0 failed")
    assert len(list(ended.iterdir())) == 2


def test_what_a_thread_writes_between_tests_is_not_printed(tmp_path: Path) -> None:
    command, _ = folders(tmp_path, NOISY)

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "9 passed, 0 failed")
    assert "a log" not in done.stdout


def test_a_test_whose_process_is_killed_has_failed_and_the_others_of_its_folder_run(tmp_path: Path) -> None:
    command, ended = folders(tmp_path, KILLED)

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "8 passed, 1 failed")
    assert "::test_with_output[1]" in next(line for line in done.stdout.splitlines() if line.startswith("FAILED"))
    assert re.search("The process of this test ended with -9", done.stdout)
    assert list(ended.iterdir())


def test_a_test_that_its_timeout_does_not_end_has_failed_and_prints_where_it_hangs(tmp_path: Path) -> None:
    command, ended = folders(tmp_path, HANGING, "pytest.mark.timeout(2)")

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "8 passed, 1 failed")
    assert re.search("The process of this test ended with -6", done.stdout)
    assert re.search(r'File ".*folder2/test_it.py", line \d+ in test_with_output', done.stderr)
    assert list(ended.iterdir())


@pytest.mark.full
def test_a_process_that_does_not_end_after_its_tests_fails_the_run(tmp_path: Path) -> None:
    command, _ = folders(tmp_path, UNENDING)

    done = subprocess.run([*command, "--timeout", "20"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "9 passed, 1 failed")
    assert re.search("FAILED the end of ForkProcess-", done.stdout)


def test_who_interrupts_a_run_ends_the_processes_in_order(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    command, ended = folders(tmp_path, WAITING.format(begun=str(begun)))

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        while not begun.exists() and run.poll() is None:
            time.sleep(0.05)
        os.kill(run.pid, signal.SIGTERM)
        output, _ = run.communicate()

    assert output.splitlines()[-1].endswith(" passed, 0 failed")
    assert "LEFT BEHIND" not in output
    assert list(ended.iterdir())
