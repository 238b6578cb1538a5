"""PostgreSQL as the record of customers: `ports_customers.CustomerBooks`, put together from its parts."""

from dataclasses import dataclass

from billflow.store.adjustments.credits import Credits
from billflow.store.customers.billing_accounts import BillingAccounts
from billflow.store.customers.channels import Channels
from billflow.store.customers.contacts import Contacts
from billflow.store.customers.onboardings import Onboardings
from billflow.store.customers.projects import Projects
from billflow.store.customers.reports import Reports
from billflow.store.customers.settings import Editing
from billflow.store.customers.sponsorships import Sponsorships


@dataclass(frozen=True)
class PostgresCustomerBooks(
    Editing, Contacts, BillingAccounts, Projects, Channels, Reports, Credits, Sponsorships, Onboardings
):
    """Customers and all that belongs to them; every method is one transaction."""
