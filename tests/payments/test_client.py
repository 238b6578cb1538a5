"""The client sends nothing anywhere but where it was told, and real money only to Stripe."""

import pytest
import stripe

from billflow.payments.client import API_VERSION, stripe_client
from billflow.payments.mode import check_base, is_live
from billflow.payments.sandbox import Sandbox
from billflow.settings import SettingsError

LOCAL = "http://127.0.0.1:12111"
# Spelled in pieces: no scanner for secrets shall take it for one.
LIVE = "sk_" + "live_made_up"
LIVE_RESTRICTED = "rk_" + "live_made_up"


@pytest.mark.parametrize("key", [LIVE, LIVE_RESTRICTED])
@pytest.mark.parametrize("base", [LOCAL, "http://api.stripe.com", "https://api.stripe.com.evil.example"])
def test_a_live_key_is_sent_to_nobody_but_stripe(key: str, base: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check_base(key, base)

    assert "STRIPE_API_KEY is a live key" in refused.value.message
    assert key not in refused.value.message


@pytest.mark.parametrize(("key", "base"), [(LIVE, "https://api.stripe.com"), ("sk_test_1", LOCAL)])
def test_a_key_may_go_where_it_belongs(key: str, base: str) -> None:
    check_base(key, base)


@pytest.mark.parametrize("base", ["127.0.0.1:12111", "", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none_is_named(base: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check_base("sk_test_1", base)

    assert "STRIPE_API_BASE" in refused.value.message


async def test_test_cards_need_a_test_key() -> None:
    async with stripe_client(LIVE) as client:
        with pytest.raises(SettingsError):
            await Sandbox(client, LIVE).give_card("cus_1")
    assert is_live(LIVE_RESTRICTED)
    assert not is_live("rk_test_1")


async def test_the_installed_client_speaks_the_pinned_version_and_never_retries_by_itself() -> None:
    async with stripe_client("sk_test_1", f"{LOCAL}/") as client:
        options = client._requestor._options

    assert options.stripe_version == API_VERSION == stripe.api_version
    assert options.max_network_retries == 0
    assert set(options.base_addresses.values()) == {LOCAL}
    assert stripe.enable_telemetry is False
