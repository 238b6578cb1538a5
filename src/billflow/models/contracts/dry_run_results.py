"""What a dry run found, as it is shown: totals, plans of which another amount is billed, debts that end otherwise."""

from pydantic import Field

from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.responses import ListResponse, shown_as


class DryRunMonth(Contract):
    """What is billed in a currency by invoices of a month, such as 2027-01; minor units."""

    currency: str
    month: str
    before: int
    after: int
    difference: int


class DryRunCause(Contract):
    """How many plans differ for a cause, and what it makes of the amounts in each currency, in minor units."""

    cause: str = Field(examples=["price"])
    plans: int
    differences: dict[str, int]


class DryRunHold(Contract):
    """How many plans can't be billed up to the date for one reason, the code of an error."""

    code: str
    before: int
    after: int


class DryRunReason(Contract):
    """Why a plan can't be billed any further."""

    code: str
    message: str


class DryRunLine(Contract):
    """A line that differs: an amount in minor units and how it came about, null on the side that has none."""

    kind: str
    description: str
    causes: dict[str, int]
    before: int | None
    after: int | None
    derivation_before: str | None
    derivation_after: str | None


class DryRunInvoice(Contract):
    """An invoice that differs, with its totals in minor units; null on the side that has none."""

    at: Moment
    kind: str
    before: int | None
    after: int | None
    lines: tuple[DryRunLine, ...]


class DryRunPlan(Contract):
    """A plan of which another amount is billed, and what each cause makes of the difference; minor units."""

    plan_id: str
    customer_id: str
    tier: str
    currency: str
    before: int
    after: int
    difference: int
    causes: dict[str, int]
    on_hold_before: DryRunReason | None
    on_hold_after: DryRunReason | None
    invoices: tuple[DryRunInvoice, ...]


class DryRunAction(Contract):
    """How often collection does something, and how much of each currency's debts it concerns, in minor units."""

    action: str = Field(examples=["suspend_customer"])
    before: int
    after: int
    amounts_before: dict[str, int]
    amounts_after: dict[str, int]


class DryRunDebtCause(Contract):
    """Of how many debts something else becomes in one way, and how much they are in each currency, in minor units."""

    cause: str = Field(examples=["suspension"])
    debts: int
    amounts: dict[str, int]


class DryRunStep(Contract):
    """What collection does, and when; `number` counts retries and reminders from 1."""

    action: str
    at: Moment
    number: int


class DryRunDebt(Contract):
    """An open invoice of which something else becomes; `amount` is still to be paid, in minor units."""

    invoice_id: str
    number: str | None
    plan_id: str
    customer_id: str
    currency: str
    amount: int
    causes: tuple[str, ...]
    before: tuple[DryRunStep, ...]
    after: tuple[DryRunStep, ...]


class DryRunDebts(Contract):
    """What becomes of all that is open, by today's dunning policy and by the other; nothing of it is paid."""

    debts: int
    different: int
    amounts: dict[str, int]
    actions: tuple[DryRunAction, ...]
    causes: tuple[DryRunDebtCause, ...]
    worst: tuple[DryRunDebt, ...]


class DryRunTotals(Contract):
    """What a dry run found in all plans and debts; `worst` are ten plans of each currency."""

    plans: int
    different: int
    causes: tuple[DryRunCause, ...]
    totals: tuple[DryRunMonth, ...]
    on_hold: tuple[DryRunHold, ...]
    worst: tuple[DryRunPlan, ...]
    debts: DryRunDebts


class DryRunPlanList(ListResponse):
    """Plans of which another amount is billed."""

    rows: list[DryRunPlan] = shown_as("plans", "rows")


class DryRunDebtList(ListResponse):
    """Debts of which something else becomes."""

    rows: list[DryRunDebt] = shown_as("debts", "rows")
