"""The statement of a customer's account, in each of its currencies."""

from billflow.domain.statement import AccountStatement
from billflow.models.contracts.base import Contract, Moment


class StatementRecord(Contract):
    """A customer's account over `[since, until)`; without `since` from its beginning, without `until` all so far.

    `at` is when it was made, by the time of the customer's test clock where it has one. Amounts are in minor units. In
    each account opening + charges - credits - payments + refunds = closing, and closing is what is still due of the
    invoices less the credit on account.
    """

    customer_id: str
    customer_name: str
    since: Moment | None
    until: Moment | None
    at: Moment
    accounts: tuple[AccountStatement, ...]
