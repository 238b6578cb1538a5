"""An offer and an agreed price for the same tier: which of them a purchase is at."""

from dataclasses import replace

from billflow.domain.offers import OfferTerms
from billflow.domain.plan import Plan, Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, start_plan
from billflow.domain.step import Outcome
from tests.domain.builders import START, a_customer, catalog, seats

AGREED = a_customer(required_plan_tier="cloud_standard", monthly_discounted_price=700, annual_discounted_price=7000)
ASKED = StartPlan(tier="cloud_standard", schedule=Schedule.MONTHLY)
A_YEAR = replace(ASKED, schedule=Schedule.ANNUAL)


def bought(offer: OfferTerms | None, asked: StartPlan = ASKED) -> Outcome:
    facts = StartFacts(
        plan_id="plan", customer=AGREED, catalog=catalog(), offer=offer, last_observation=seats(START, 5)
    )
    return start_plan(facts, asked, START)


def price(plan: Plan) -> tuple[int | None, int | None]:
    return plan.price_per_license, plan.fixed_price


def test_a_purchase_that_names_no_offer_is_at_the_agreed_price() -> None:
    assert price(bought(None).plan) == (700, None)


def test_an_accepted_fixed_price_wins_and_leaves_the_agreed_prices_for_later() -> None:
    outcome = bought(OfferTerms(tier="cloud_standard", currency="USD", fixed_price=30_000), A_YEAR)

    assert price(outcome.plan) == (None, 30_000)
    assert (outcome.customer.monthly_discounted_price, outcome.customer.annual_discounted_price) == (700, 7000)


def test_accepted_prices_per_license_replace_both_agreed_prices() -> None:
    offer = OfferTerms(tier="cloud_standard", currency="USD", monthly_discounted_price=750)

    assert price(bought(offer).plan) == (750, None)
    assert price(bought(offer, A_YEAR).plan) == (8000, None)
    assert bought(offer).customer.annual_discounted_price == 0
