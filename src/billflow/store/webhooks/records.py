"""Events, endpoints and messages as they are shown and sent."""

from pydantic import SecretStr

from billflow.models.contracts.endpoints import EndpointRecord, EventRecord, Message
from billflow.models.tables import OutboxEvent, WebhookEndpoint, WebhookMessage
from billflow.store.audit.personal_data import PersonalDataReader
from billflow.store.session.mapper import from_row


def event_record(row: OutboxEvent, reader: PersonalDataReader) -> EventRecord:
    """Return an event with what *reader* opens of its personal data."""
    data = reader.open(row.customer_id, row.data)
    return from_row(EventRecord, row, event_id=row.id, data=data, recorded_at=row.created_at)


def endpoint_record(row: WebhookEndpoint) -> EndpointRecord:
    """Return an endpoint without its secrets."""
    return from_row(EndpointRecord, row, endpoint_id=row.id, event_types=tuple(row.event_types))


def message_record(
    message: WebhookMessage, event: OutboxEvent, endpoint: WebhookEndpoint, reader: PersonalDataReader
) -> Message:
    """Return a message with all that it takes to send it."""
    return from_row(
        Message,
        message,
        message_id=message.id,
        event=event_record(event, reader),
        url=endpoint.url,
        secret=SecretStr(endpoint.secret),
        old_secret=SecretStr(endpoint.old_secret) if endpoint.old_secret else None,
        old_secret_until=endpoint.old_secret_until,
    )
