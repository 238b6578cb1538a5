"""Events, endpoints and messages as they are shown and sent."""

from pydantic import SecretStr

from billflow.models.contracts.endpoints import EndpointRecord, EventRecord, Message
from billflow.models.tables import OutboxEvent, WebhookEndpoint, WebhookMessage
from billflow.store.audit.personal_data import PersonalDataReader
from billflow.store.session.rows import as_record


def event_record(row: OutboxEvent, reader: PersonalDataReader) -> EventRecord:
    """Return an event with what *reader* opens of its personal data."""
    data = reader.open(row.customer_id, row.data)
    return as_record(EventRecord, row, data=data, recorded_at=row.created_at)


def endpoint_record(row: WebhookEndpoint) -> EndpointRecord:
    """Return an endpoint without its secrets."""
    return as_record(EndpointRecord, row, event_types=tuple(row.event_types))


def message_record(
    message: WebhookMessage, event: OutboxEvent, endpoint: WebhookEndpoint, reader: PersonalDataReader
) -> Message:
    """Return a message with all that it takes to send it."""
    return as_record(
        Message,
        message,
        event=event_record(event, reader),
        url=endpoint.url,
        secret=SecretStr(endpoint.secret),
        old_secret=SecretStr(endpoint.old_secret) if endpoint.old_secret else None,
        old_secret_until=endpoint.old_secret_until,
    )
