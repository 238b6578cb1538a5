"""Debts that nobody pays, ahead: what becomes of each is what its collection does in time."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.debts import Debt, Debtor, RecentInvoice, foresee
from billflow.domain.dunning import DEFAULT_POLICY, DunningPolicy, SmallOrganizationRule, UnpaidInvoice
from billflow.domain.invoicing.draft import InvoiceKind
from tests.domain.builders import DAY, START
from tests.domain.test_dunning import a_declined_charge, an_invoice_by_mail, lived

YEAR = START + 365 * DAY
days = st.lists(st.integers(1, 60), unique=True, max_size=5).map(lambda found: tuple(sorted(found)))
policies = st.builds(
    DunningPolicy,
    retry_after_days=days,
    reminder_days=days,
    suspend_customer=st.booleans(),
    end_plan_after_days=st.one_of(st.none(), st.integers(0, 60)),
    mark_uncollectible=st.booleans(),
)
unpaid = st.sampled_from([a_declined_charge(), an_invoice_by_mail(), a_declined_charge(requires_action=True)])


def a_debt(**changes: object) -> Debt:
    debt = Debt(
        invoice_id="one",
        plan_id="plan",
        kind=InvoiceKind.RECURRING,
        currency="USD",
        amount=8000,
        unpaid=a_declined_charge(),
        attempts=1,
    )
    return replace(debt, **changes)  # type: ignore[arg-type]


def a_debtor(*debts: Debt, **changes: object) -> Debtor:
    newest = tuple(RecentInvoice(invoice_id=debt.invoice_id, is_open=True) for debt in reversed(debts))
    debtor = Debtor(customer_id="acme", debts=debts, live_plan_id="plan", newest=newest)
    return replace(debtor, **changes)  # type: ignore[arg-type]


def foreseen(
    debtor: Debtor, policy: DunningPolicy = DEFAULT_POLICY, until_day: int = 365
) -> list[tuple[str, str, int]]:
    found = foresee(policy, debtor, START, START + until_day * DAY)
    steps = [(step.at, name, step.action.value) for name, ones in found.items() for step in ones]
    return [(name, action, (at - START) // DAY) for at, name, action in sorted(steps)]


@given(policy=policies, invoice=unpaid)
def test_one_debt_goes_the_way_of_its_policy(policy: DunningPolicy, invoice: UnpaidInvoice) -> None:
    debtor = a_debtor(a_debt(unpaid=invoice))
    [steps] = foresee(policy, debtor, START, YEAR).values()

    assert [(step.action.value, (step.at - START) // DAY) for step in steps] == [
        (action.value, day) for action, day in lived(policy, invoice)
    ]


@given(policy=policies, invoice=unpaid, until_day=st.integers(0, 200))
def test_nothing_is_foretold_beyond_the_date_and_all_before_it_is_the_same(
    policy: DunningPolicy, invoice: UnpaidInvoice, until_day: int
) -> None:
    debtor, until = a_debtor(a_debt(unpaid=invoice)), START + until_day * DAY
    [whole], [part] = foresee(policy, debtor, START, YEAR).values(), foresee(policy, debtor, START, until).values()

    assert part == tuple(step for step in whole if step.at <= until)


def test_a_customer_of_two_debts_is_suspended_and_its_plan_ended_once() -> None:
    later = a_debt(invoice_id="two", unpaid=a_declined_charge(failed_at=START + DAY), attempts=1)

    seen = foreseen(a_debtor(a_debt(), later))

    assert [day for name, action, day in seen if (name, action) == ("one", "retry")] == [1, 3, 5, 7]
    assert [day for name, action, day in seen if (name, action) == ("two", "retry")] == [2, 4, 6, 8]
    assert [one for one in seen if one[1] != "retry"] == [("one", "suspend_customer", 7), ("one", "end_plan", 37)]


def test_a_purchase_that_is_refused_again_is_void_and_nobody_is_suspended() -> None:
    purchase = a_debt(kind=InvoiceKind.PURCHASE, attempts=0, unpaid=a_declined_charge(failed_at=None, attempts=0))

    assert foreseen(a_debtor(purchase)) == [("one", "retry", 0), ("one", "void", 0)]


def test_a_payment_under_way_waits_for_its_bank() -> None:
    assert foreseen(a_debtor(a_debt(is_under_way=True))) == []


def test_a_request_that_stripe_refused_is_made_again_first() -> None:
    refused = a_debt(retry_at=START + 2 * DAY, unpaid=a_declined_charge(failed_at=None, attempts=0))

    assert foreseen(a_debtor(refused), DunningPolicy(retry_after_days=(4,), end_plan_after_days=None)) == [
        ("one", "retry", 2),
        ("one", "retry", 6),
        ("one", "suspend_customer", 6),
    ]


def test_a_small_organization_that_is_behind_loses_its_plan_and_all_debts() -> None:
    policy = DunningPolicy(small_organizations=SmallOrganizationRule(seats=5, invoices=2))
    both = a_debtor(a_debt(), a_debt(invoice_id="two"), seats=3, seats_without_plan=3)

    assert foreseen(both, policy) == [
        ("one", "end_plan", 1),
        ("one", "retry", 1),
        ("one", "void", 1),
        ("two", "void", 1),
    ]
    assert "void" not in [action for _, action, _ in foreseen(replace(both, seats=5), policy)]
    assert "void" not in [action for _, action, _ in foreseen(a_debtor(a_debt(), seats=3), policy)]


def test_the_policy_of_each_kind_of_debt_is_followed_to_its_end() -> None:
    policy = DunningPolicy(retry_after_days=(2,), reminder_days=(1,), end_plan_after_days=3, mark_uncollectible=True)
    by_mail = an_invoice_by_mail()
    ends = [("one", "suspend_customer", 2), ("one", "end_plan", 5), ("one", "mark_uncollectible", 5)]
    cases: list[tuple[Debtor, list[tuple[str, str, int]]]] = [
        (a_debtor(a_debt()), [("one", "retry", 2), *ends]),
        (a_debtor(a_debt(), is_active=False), [("one", "retry", 2), *ends[1:]]),
        (a_debtor(a_debt(), live_plan_id=None), [("one", "retry", 2), ends[0], ends[2]]),
        (a_debtor(a_debt(unpaid=a_declined_charge(requires_action=True))), [("one", "await_customer", 2), *ends]),
        (a_debtor(a_debt(kind=InvoiceKind.PURCHASE)), [("one", "retry", 2), ("one", "void", 2)]),
        (
            a_debtor(a_debt(unpaid=by_mail)),
            [
                ("one", "remind", 16),
                ("one", "suspend_customer", 16),
                ("one", "end_plan", 19),
                ("one", "mark_uncollectible", 19),
            ],
        ),
        (a_debtor(a_debt(unpaid=by_mail, kind=InvoiceKind.PURCHASE)), [("one", "remind", 16)]),
        (a_debtor(a_debt(unpaid=by_mail, attempts=0)), [("one", "retry", 0), ("one", "remind", 16), *later(ends)]),
    ]
    for debtor, steps in cases:
        assert sorted(foreseen(debtor, policy)) == sorted(steps), debtor


def later(ends: list[tuple[str, str, int]]) -> list[tuple[str, str, int]]:
    return [(name, action, day + 14) for name, action, day in ends]


def numbers(debtor: Debtor, policy: DunningPolicy) -> list[tuple[str, int]]:
    [steps] = foresee(policy, debtor, START, YEAR).values()
    return [(step.action.value, step.number) for step in steps]


def test_retries_reminders_and_messages_are_counted_from_one() -> None:
    policy = DunningPolicy(retry_after_days=(2, 4), reminder_days=(1, 3), end_plan_after_days=3)
    ends = [("suspend_customer", 1), ("end_plan", 1)]
    refused = a_declined_charge(failed_at=None, attempts=0)
    for debt, steps in (
        (a_debt(), [("retry", 1), ("retry", 2), *ends]),
        (a_debt(unpaid=an_invoice_by_mail()), [("remind", 1), ("remind", 2), *ends]),
        (
            a_debt(unpaid=a_declined_charge(requires_action=True)),
            [("await_customer", 1), ("await_customer", 2), *ends],
        ),
        (a_debt(retry_at=START, unpaid=refused), [("retry", 1), ("retry", 1), ("retry", 2), *ends]),
        (
            a_debt(retry_at=START, unpaid=a_declined_charge(requires_action=True)),
            [("retry", 1), ("retry", 2), *ends],
        ),
        (a_debt(retry_at=START, unpaid=a_declined_charge(attempts=2)), [("retry", 2), *ends]),
    ):
        assert numbers(a_debtor(debt), policy) == steps


def test_a_purchase_whose_tries_are_used_up_is_void_unless_its_bank_is_still_to_answer() -> None:
    used_up = DunningPolicy(retry_after_days=())
    declined = a_debt(kind=InvoiceKind.PURCHASE, unpaid=a_declined_charge())

    assert foreseen(a_debtor(declined), used_up) == [("one", "void", 0)]
    assert foreseen(a_debtor(replace(declined, is_under_way=True)), used_up) == []
    unanswered = replace(declined, unpaid=a_declined_charge(failed_at=None))
    assert foreseen(a_debtor(unanswered), used_up) == []


def test_what_happens_at_the_very_end_of_a_look_ahead_is_foretold() -> None:
    assert [action for _, action, _ in foreseen(a_debtor(a_debt()), until_day=1)] == ["retry"]


def test_a_small_organization_is_written_off_by_the_rule_for_its_plan() -> None:
    policy = DunningPolicy(
        retry_after_days=(1,), reminder_days=(1, 2), small_organizations=SmallOrganizationRule(seats=5, invoices=1)
    )

    def is_void(debtor: Debtor) -> bool:
        return any(action == "void" for _, action, _ in foreseen(debtor, policy))

    one, by_mail = a_debt(), a_debt(unpaid=an_invoice_by_mail())
    for debtor, void in (
        (a_debtor(one, seats=3, seats_without_plan=9), True),
        (a_debtor(one, seats=9, seats_without_plan=3), False),
        (a_debtor(one, seats=9, seats_without_plan=3, live_plan_id=None), True),
        (a_debtor(one, seats=None, seats_without_plan=3), False),
        (a_debtor(one, seats=3, newest=(RecentInvoice(invoice_id="new", is_open=False),)), False),
    ):
        assert is_void(debtor) is void
    assert foreseen(a_debtor(by_mail, seats=3), policy) == [
        ("one", "remind", 16),
        ("one", "end_plan", 17),
        ("one", "remind", 17),
        ("one", "void", 17),
    ]
