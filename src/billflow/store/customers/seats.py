"""What deployments report of how many people they have."""

from collections.abc import Sequence

from sqlalchemy import text

from billflow.models.contracts.customers import CustomerRef, SeatReport
from billflow.models.tables import CustomerRow
from billflow.store.customers.transactions import not_erased
from billflow.store.session.database import Repository
from billflow.store.session.rows import row_by_id

_REPORT = text(
    "INSERT INTO seat_observation (org_id, customer_id, observed_at, members, guests)"
    " SELECT :org, :customer, reported.* FROM unnest("
    "CAST(:moments AS timestamptz[]), CAST(:members AS bigint[]), CAST(:guests AS bigint[])) AS reported"
    " ON CONFLICT DO NOTHING RETURNING 1"
)


class PostgresSeatRepository(Repository):
    """Seat observations; every method is one transaction."""

    async def report(self, ref: CustomerRef, reports: Sequence[SeatReport]) -> int:
        """Store what a deployment reported, and return how many moments were new; the first report of one counts.

        Raises `NotFound`, and `Refused` for a customer that was erased.
        """
        async with self.database.unit_of_work(ref.org_id) as session:
            customer = not_erased(await row_by_id(session, CustomerRow, ref.customer_id, "customer"))
            new = {
                "org": customer.org_id,
                "customer": customer.id,
                "moments": [report.observed_at for report in reports],
                "members": [report.members for report in reports],
                "guests": [report.guests for report in reports],
            }
            done = await session.execute(_REPORT, new)
            return len(done.all())
