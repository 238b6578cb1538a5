"""What the journal posts."""

from enum import StrEnum

from billflow.domain.postings import JournalAccount, PostingKind
from billflow.models.contracts.base import Contract, Moment


class JournalFormat(StrEnum):
    """What a journal's file looks like."""

    CSV = "csv"
    DATEV = "datev"


class JournalEntry(Contract):
    """An *amount*, above zero and in minor units, to the *debit* account from the *credit* account (rules 39).

    `number` is that of the document: the invoice, credit note or refund.
    """

    at: Moment
    kind: PostingKind
    debit: JournalAccount
    credit: JournalAccount
    amount: int
    currency: str
    number: str | None
    invoice_id: str | None
    customer_id: str
