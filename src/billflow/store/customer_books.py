"""PostgreSQL as the record of customers: `ports_customers.CustomerBooks`, put together from its parts."""

from dataclasses import dataclass

from billflow.store.billing_accounts import BillingAccounts
from billflow.store.channels import Channels
from billflow.store.contacts import Contacts
from billflow.store.credits import Credits
from billflow.store.customer_editing import Editing
from billflow.store.customer_reports import Reports
from billflow.store.onboardings import Onboardings
from billflow.store.projects import Projects
from billflow.store.sponsorships import Sponsorships


@dataclass(frozen=True)
class PostgresCustomerBooks(
    Editing, Contacts, BillingAccounts, Projects, Channels, Reports, Credits, Sponsorships, Onboardings
):
    """Customers and all that belongs to them; every method is one transaction."""
