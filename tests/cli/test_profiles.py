"""Which API commands ask: profiles that only their user can read, whose keys no command shows."""

import io
import json
import stat
from collections.abc import Callable

import pytest

from billflow.cli.app import run
from billflow.cli.connection import place_of
from billflow.cli.profiles import Profile, Profiles, file_of_profiles, load_profiles
from billflow.domain.errors import InvalidInput
from billflow.errors import CommandFailed
from tests.cli.terminal import Output, assert_refused

Type = Callable[..., Output]
PRODUCTION = Profile("https://billing.example.com", "bf_live_secret")
STAGING = Profile("https://staging.example.com", "bf_test_secret")


def silent(sentence: str) -> None:
    raise AssertionError(sentence)


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str]) -> Type:
    """Return a way to type commands in this process."""

    def type_one(*words: str) -> Output:
        code = run(words)
        return Output(code, *capsys.readouterr())

    return type_one


@pytest.fixture
def two() -> None:
    """Let there be two profiles, one of them in use."""
    Profiles({"production": PRODUCTION, "staging": STAGING}, "production").save()


@pytest.mark.usefixtures("two")
def test_the_file_is_for_its_user_only_and_one_that_others_can_read_is_refused() -> None:
    file = file_of_profiles()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)

    with pytest.raises(InvalidInput, match=r"Others can read the keys in .*; run chmod 600"):
        load_profiles()


@pytest.mark.usefixtures("two")
def test_no_command_shows_a_key(type_: Type) -> None:
    for words in (("list",), ("list", "--json"), ("show", "production"), ("use", "staging"), ("remove", "staging")):
        answer = type_("profile", *words)

        assert answer.code == 0, answer.err
        assert "secret" not in answer.out + answer.err
    assert "secret" not in repr(load_profiles())


@pytest.mark.usefixtures("two")
def test_a_profile_is_used_shown_and_removed(type_: Type) -> None:
    assert place_of({}, silent).url == PRODUCTION.url
    type_("profile", "use", "staging")
    assert (place_of({}, silent).url, place_of({}, silent).key) == (STAGING.url, STAGING.key)
    listed = json.loads(type_("profile", "list", "--json").out)["profiles"]
    assert [one["profile"] for one in listed if one["in_use"]] == ["staging"]
    assert place_of({"BILLFLOW_PROFILE": "production"}, silent).url == PRODUCTION.url

    type_("profile", "remove", "staging")

    assert load_profiles().in_use is None
    assert_refused(type_("profile", "use", "staging"), "There is no profile 'staging'; there are production.")
    type_("profile", "use", "dev")
    with pytest.raises(CommandFailed, match="No API is named: `billflow login`"):
        place_of({}, silent)


@pytest.mark.usefixtures("two")
def test_the_environment_goes_before_every_profile() -> None:
    named = {"BILLFLOW_API_URL": "https://other.example/", "BILLFLOW_API_KEY": "bf_test_other"}

    place = place_of(named, silent)

    assert (place.url, place.key) == ("https://other.example", "bf_test_other")
    assert place_of({"BILLFLOW_API_KEY": "bf_live_mine"}, silent).key == "bf_live_mine"
    with pytest.raises(CommandFailed, match="BILLFLOW_API_URL is set and BILLFLOW_API_KEY is not; set both"):
        place_of({"BILLFLOW_API_URL": "https://other.example"}, silent)


def test_a_broken_file_says_what_to_do(type_: Type) -> None:
    Profiles().save()
    file_of_profiles().write_text("{}")

    assert_refused(type_("profile", "list"), "is no file of profiles; remove it, then `billflow login` again.")


@pytest.mark.parametrize(
    ("words", "typed", "sentence"),
    [
        (("ftp://x",), "bf_test_x", "'ftp://x' is no address; write it as https://billing.example.com."),
        (("http://127.0.0.1:1",), "", "No key was typed; `billflow keys create` makes one."),
        (("http://127.0.0.1:1",), "bf_test_x", "No billflow answers at http://127.0.0.1:1; "),
        (("http://127.0.0.1:1", "--profile", "dev"), "bf_test_x", "dev is the running `billflow dev`; "),
    ],
)
def test_a_login_that_cannot_be_keeps_nothing(
    type_: Type, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], typed: str, sentence: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))

    assert_refused(type_("login", *words), sentence)
    assert not file_of_profiles().exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://billing.example.com",
        "http://10.0.0.7:8000",
        "http://127.0.0.1@billing.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://[::1",
        "http://",
    ],
)
def test_a_key_goes_unencrypted_to_no_other_machine(type_: Type, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("bf_test_x"))

    refused = f"{url} would be sent the key unencrypted; write https://, or add --insecure where nobody can listen."
    assert_refused(type_("login", url), refused)
    assert not file_of_profiles().exists()


@pytest.mark.parametrize(
    "words",
    [
        ("http://127.0.0.1:1",),
        ("http://[::1]:1",),
        ("http://localhost:1",),
        ("https://localhost:1",),
        ("http://0.0.0.0:1", "--insecure"),
    ],
)
def test_a_key_goes_to_this_machine_over_tls_or_where_that_is_wished(
    type_: Type, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("bf_test_x"))

    assert_refused(type_("login", *words), f"No billflow answers at {words[0]}; ")
