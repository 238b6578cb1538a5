"""What a broken constraint of a customer's tables means to the caller."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError

from billflow.domain.errors import NotFound, Refused

_TAKEN = {
    "uq_customer_email": ("email_taken", "email", "Another customer has that e-mail address."),
    "uq_customer_erp_customer_number": (
        "erp_customer_number_taken",
        "erp_customer_number",
        "Another customer has that ERP number.",
    ),
    "uq_customer_contact_customer_id_email_key": (
        "email_taken",
        "email",
        "Another contact of the customer has that e-mail address.",
    ),
    "uq_sponsorship_request_pending": (
        "sponsorship_pending",
        "status",
        "Another request of the customer waits for a decision.",
    ),
    "uq_project_customer_id_slug": ("slug_taken", "slug", "Another project of the customer has that slug."),
    "uq_channel_project_id_name": ("name_taken", "name", "Another channel of the project has that name."),
    "uq_realm_org_id_string_id": ("deployment_taken", "deployment", "Another customer has that realm."),
    "uq_remote_realm_org_id_uuid": ("deployment_taken", "deployment", "Another customer has that remote realm."),
    "uq_remote_server_org_id_uuid": ("deployment_taken", "deployment", "Another customer has that server."),
}
_NO_ORG = ("fk_realm_org_id", "fk_remote_realm_org_id", "fk_remote_server_org_id")


@contextmanager
def refused_duplicates() -> Iterator[None]:
    """Raise `Refused` where what must be unique belongs to another, and `NotFound` where the organization is missing.

    A transaction is inside, since some constraints are checked at its end.
    """
    try:
        yield
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        if constraint in _NO_ORG:
            raise NotFound("There is no such organization; create it first.") from error
        if constraint not in _TAKEN:
            raise
        code, field, message = _TAKEN[constraint]
        raise Refused(message, code=code, field=field) from error
