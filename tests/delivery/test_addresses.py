"""Nothing is sent into our own network on somebody else's word."""

import asyncio
import socket
from ipaddress import IPv6Address, IPv6Network
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis.strategies import ip_addresses
from pydantic import SecretStr

from billflow.delivery.addresses import AddressPolicy
from billflow.domain.errors import InvalidInput
from billflow.domain.webhook_policy import BACKOFF, may_call, pause_after
from billflow.settings import Settings
from billflow.wiring.store import Store

if TYPE_CHECKING:
    from billflow.store.session.database import Database
    from billflow.store.session.pools import Pools

PUBLIC, PRIVATE = AddressPolicy(), AddressPolicy(private=True)
METADATA = ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")


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
        "fec0::1",
        "feff:ffff::1",
        "64:ff9b:1::a00:1",
        "5f00::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        *METADATA,
    ],
)
def test_an_address_that_is_not_on_the_open_internet_is_told_apart(address: str) -> None:
    assert not may_call(address, private=False)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700:4700::1111"])
def test_an_address_on_the_open_internet_may_be_called(address: str) -> None:
    assert may_call(address, private=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://db.localhost/",
        "https://metadata.google.internal/",
        "https://[fec0::1]/",
        "https://168.63.129.16/",
        "https://127.0.0.1/",
        "https://[::1]:8443/",
        "https://user:secret@example.com/",
        "ftp://example.com/",
        "https:///hooks",
        "no address",
        "https://exa\tmple.com",
    ],
)
def test_an_endpoint_is_a_public_host_behind_https(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"^url "):
        PUBLIC.check_url(url)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.1.1", "::1", "fd00::1", "93.184.215.14"])
def test_our_own_network_is_called_where_a_setting_says_so(address: str) -> None:
    assert may_call(address, private=True)


@pytest.mark.parametrize("address", [*METADATA, "0.0.0.1", "fe80::1%eth0", "::ffff:169.254.169.254", "224.0.0.1"])
def test_no_setting_lets_anybody_ask_a_cloud_about_its_machine(address: str) -> None:
    assert not may_call(address, private=True)


@given(ip_addresses(v=6))
def test_outside_of_what_is_given_out_of_ipv6_nothing_is_public(address: IPv6Address) -> None:
    assert address in IPv6Network("2000::/3") or not may_call(str(address), private=False)


def test_in_development_an_endpoint_may_be_on_this_machine() -> None:
    assert PRIVATE.check_url("http://127.0.0.1:9000/hooks") == "http://127.0.0.1:9000/hooks"


@pytest.mark.parametrize("key", ["sk_test_x", "sk_live_x"])
def test_a_key_of_stripe_alone_opens_our_network_to_nobody(key: str) -> None:
    with pytest.raises(InvalidInput, match=r"^url "):
        policy_of(Settings(stripe_api_key=SecretStr(key))).check_url("http://127.0.0.1:9000/hooks")


def test_in_live_mode_the_setting_opens_nothing() -> None:
    settings = Settings(stripe_api_key=SecretStr("sk_live_x"), webhook_private_addresses=True)
    assert policy_of(settings) == PUBLIC
    assert policy_of(settings.model_copy(update={"stripe_api_key": SecretStr("sk_test_x")})) == PRIVATE


def policy_of(settings: Settings) -> AddressPolicy:
    """Return whom a process with these settings calls."""
    return Store(settings, cast("Pools", None), cast("Database", None)).address_policy


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Let the running loop look every name up as *addresses*; a name without one is unknown."""

    async def found(*_: object, **__: object) -> list[object]:
        if not addresses:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)


async def test_a_public_name_of_a_private_address_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, ("93.184.215.14", 443), ("10.0.0.7", 443))
    with pytest.raises(InvalidInput, match="no host on the open internet"):
        await PUBLIC.request("https://rebound.example.com/")


async def test_an_unknown_name_is_refused_in_the_words_of_a_private_one(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch)
    with pytest.raises(InvalidInput) as missing:
        await PUBLIC.request("https://payroll.example.com/")
    with pytest.raises(InvalidInput) as private:
        PUBLIC.check_url("https://10.0.0.7/")
    assert str(missing.value) == str(private.value)


async def test_in_development_a_name_of_the_metadata_is_not_called_either(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, ("169.254.169.254", 80))
    with pytest.raises(InvalidInput, match="no host on the open internet"):
        await PRIVATE.request("http://rebound.example.com/")
    resolve_to(monkeypatch, ("10.0.0.7", 80))
    await PRIVATE.request("http://rebound.example.com/")


async def test_what_was_looked_up_is_what_is_called_under_the_name_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, ("93.184.215.14", 8443))
    url, headers, extensions = await PUBLIC.request("https://example.com:8443/hooks")
    assert (str(url), headers) == ("https://93.184.215.14:8443/hooks", {"Host": "example.com:8443"})
    assert extensions == {"sni_hostname": "example.com"}


def test_an_event_is_tried_for_three_days_and_then_given_up() -> None:
    pauses = [pause_after(failures) for failures in range(1, len(BACKOFF) + 2)]
    assert pauses == [*BACKOFF, None]
    assert 70 < sum(pause.total_seconds() for pause in BACKOFF) / 3600 <= 72


@pytest.mark.parametrize("address", ["93.184.215.14", "10.0.0.7"])
def test_the_tests_themselves_call_nobody_but_this_machine(address: str) -> None:
    with socket.socket() as away, pytest.raises(OSError, match="nobody but this machine"):
        away.connect((address, 443))
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("example.com", 443)
