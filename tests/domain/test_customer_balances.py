"""A customer's balance in our records and at Stripe: what is named, how bad it is, and what is left alone."""

from dataclasses import replace

from billflow.domain.customer_balances import BilledAccount, StripeCustomer, compare_customer
from billflow.domain.reconciliation import Finding, FindingKind, Repair, Severity

OURS = BilledAccount(stripe_customer_id="cus_1", balance=1250, currency="EUR")
THEIRS = StripeCustomer(stripe_customer_id="cus_1", balance=1250, currency="EUR")


def test_a_customer_is_named_where_the_two_accounts_differ() -> None:
    wrong = FindingKind.WRONG_BALANCE
    told = "on the customer's balance in our records"
    for ours, theirs, finding in (
        (OURS, THEIRS, None),
        (replace(OURS, balance=0), replace(THEIRS, balance=0, currency=None), None),
        (replace(OURS, balance=0), replace(THEIRS, balance=0, currency="USD"), None),
        (replace(OURS, is_young=True), replace(THEIRS, balance=0), None),
        (OURS, replace(THEIRS, balance=1249), f"EUR 12.50 {told}, EUR 12.49 at Stripe; correct it there."),
        (OURS, replace(THEIRS, currency="USD"), f"EUR 12.50 {told}, USD 12.50 at Stripe; correct it there."),
        (OURS, replace(THEIRS, balance=0, currency=None), f"EUR 12.50 {told}, EUR 0 at Stripe; correct it there."),
    ):
        expected = finding and Finding(wrong, Severity.CRITICAL, "cus_1", finding)
        assert compare_customer(ours, theirs) == expected


def test_a_customer_that_stripe_has_no_longer_or_never_had_is_missing() -> None:
    missing = FindingKind.CUSTOMER_MISSING
    never = "Stripe never knew the customer cus_1: the key may be that of another account."
    deleted = "The customer cus_1 is deleted at Stripe; EUR 12.50 was on its balance."

    assert compare_customer(OURS, None) == Finding(missing, Severity.CRITICAL, "cus_1", never)
    assert compare_customer(OURS, replace(THEIRS, is_deleted=True)) == Finding(
        missing, Severity.WARNING, "cus_1", deleted, Repair.REPLACE_CUSTOMER
    )
