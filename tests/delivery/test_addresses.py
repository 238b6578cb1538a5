"""Nothing is sent into our own network on somebody else's word."""

import socket

import pytest

from billflow.delivery.addresses import AddressPolicy
from billflow.domain.errors import InvalidInput
from billflow.domain.webhook_policy import BACKOFF, is_public, pause_after

LIVE, TEST = AddressPolicy(test_mode=False), AddressPolicy(test_mode=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_an_address_that_is_not_on_the_open_internet_is_told_apart(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700:4700::1111"])
def test_an_address_on_the_open_internet_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]:8443/",
        "https://user:secret@example.com/",
        "ftp://example.com/",
        "https:///hooks",
        "no address",
        "https://exa\tmple.com",
    ],
)
def test_in_live_mode_an_endpoint_is_a_public_host_behind_https(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"^url "):
        LIVE.check_url(url)


def test_in_test_mode_an_endpoint_may_be_on_this_machine() -> None:
    assert TEST.check_url("http://127.0.0.1:9000/hooks") == "http://127.0.0.1:9000/hooks"


async def test_a_public_name_of_a_private_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    def inward(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("93.184.215.14", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", inward)
    with pytest.raises(InvalidInput, match="not on the open internet"):
        await LIVE.request("https://rebound.example.com/")


async def test_what_was_looked_up_is_what_is_called_under_the_name_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def webhooks(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 8443))]

    monkeypatch.setattr(socket, "getaddrinfo", webhooks)
    url, headers, extensions = await LIVE.request("https://example.com:8443/hooks")
    assert (str(url), headers) == ("https://93.184.215.14:8443/hooks", {"Host": "example.com:8443"})
    assert extensions == {"sni_hostname": "example.com"}


def test_an_event_is_tried_for_three_days_and_then_given_up() -> None:
    pauses = [pause_after(failures) for failures in range(1, len(BACKOFF) + 2)]
    assert pauses == [*BACKOFF, None]
    assert 70 < sum(pause.total_seconds() for pause in BACKOFF) / 3600 <= 72
