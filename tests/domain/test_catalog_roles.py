"""What a catalogue must keep, and what a tier's role demands of it."""

import pytest

from billflow.domain.catalog import Hosting, Role
from billflow.domain.catalog_check import TierUse, check_kept
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.plan import Schedule
from billflow.models.contracts.catalog import (
    catalog_from_toml,
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[tier.b]\nname = 'B'",
            "tier.a is not in the catalogue, but 2 plans have the tier; keep it with `retired = true`",
        ),
        ("[tier.a]\nname = 'A'\nhosting = 'cloud'", "tier.a.hosting would change, but 2 plans have the tier"),
        ("[tier.a]\nname = 'A'\nbillable = false", "tier.a.billable would change, but 2 plans have the tier"),
        (
            "[tier.a]\nname = 'A'\nprices.EUR = { monthly = 900 }",
            "tier.a.prices.USD.monthly is missing, but 2 plans have the tier; name it as long as some",
        ),
    ],
)
def test_what_plans_run_on_is_kept(text: str, sentence: str) -> None:
    sold = catalog_from_toml("[tier.a]\nname = 'A'\nprices.USD = { monthly = 800 }")
    use = TierUse("a", "USD", frozenset({Schedule.MONTHLY}), 2)
    check_kept(sold, catalog_from_toml("[tier.a]\nname = 'A'\nretired = true\nprices.USD = { monthly = 900 }"), [use])

    with pytest.raises(Refused) as refusal:
        check_kept(sold, catalog_from_toml(text), [use])

    assert refusal.value.code == "tier_in_use"
    assert sentence in refusal.value.message


@pytest.mark.parametrize(
    ("role", "terms", "sentence"),
    [
        ("complimentary", "needs_end_date = true", "tier.a.billable is true, but the tier has the role complimentary"),
        (
            "complimentary",
            "billable = false",
            "tier.a.needs_end_date is false, but the role complimentary is for a time",
        ),
        ("community", "", "tier.a.billable is true, but the tier has the role community"),
    ],
)
def test_what_is_given_away_by_its_role_is_never_billed_and_for_a_time_has_an_end(
    role: str, terms: str, sentence: str
) -> None:
    text = f'[tier.a]\nname = "A"\nroles = ["{role}"]\n{terms}\n'

    with pytest.raises(InvalidInput, match=sentence):
        catalog_from_toml(text)
    right = catalog_from_toml(f'[tier.a]\nname = "A"\nroles = ["{role}"]\nbillable = false\nneeds_end_date = true\n')
    assert right.in_role(Role(role), Hosting.CLOUD).code == "a"
