"""Pages show events, requests and settings of other programs as they are sent and read."""

import asyncio
import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest
from jsonschema import Draft202012Validator
from pydantic import SecretStr

from billflow.delivery.addresses import AddressPolicy
from billflow.delivery.seat_http import HttpSeats
from billflow.dev.ports import LOOPBACK
from billflow.models.contracts.event_types import event_declarations
from billflow.models.contracts.seat_sources import CountedDeployment, SeatSource, SeatSourceKind
from billflow.temporal.search_attributes import type_names
from tests.docs.blocks import Block, blocks

SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ATTRIBUTE = re.compile(r'\b(Billflow\w+)\s*=\s*"?(\w+)')
HEADERS = {"webhook-id": r"seats_\w+", "webhook-timestamp": r"\d{10}", "webhook-signature": r"v1,\S+"}


def of(language: str) -> list[Block]:
    """Return the blocks in a language."""
    return [block for block in blocks() if block.language == language]


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_an_event_is_shown_as_an_endpoint_is_sent_it(block: Block) -> None:
    event = json.loads(block.text)
    declared = event_declarations()[event["type"]]

    assert event.keys() == declared.example.keys()
    Draft202012Validator(declared.schema_of_data).validate(event["data"])
    own = {name: value for name, value in declared.data.items() if name not in declared.optional}
    assert {name: event["data"][name] for name in own} == own
    assert datetime.fromisoformat(event["timestamp"]).utcoffset() == datetime.now(UTC).utcoffset()


@pytest.mark.parametrize("block", of("http"), ids=str)
async def test_seats_are_asked_for_by_the_request_that_is_shown_and_counted_from_the_answer(block: Block) -> None:
    shown, _, answer = block.text.partition("\n\n")
    first, *headers = shown.splitlines()
    target = urlsplit(first.split()[1])
    deployments = [value for _, value in parse_qsl(target.query)]
    sent: list[str] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent.append((await reader.readuntil(b"\r\n\r\n")).decode())
        body = answer.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(take, LOOPBACK, 0) as server, httpx.AsyncClient() as client:
        port = server.sockets[0].getsockname()[1]
        url = f"http://{LOOPBACK}:{port}{target.path}"
        source = SeatSource(kind=SeatSourceKind.HTTP, target=url, query=None, secret=SECRET)
        asked = [CountedDeployment(deployment_id=one, name=one) for one in deployments]
        counted = await HttpSeats(client, AddressPolicy(private=True)).read(source, asked)

    [request] = sent
    assert unquote(request.splitlines()[0]) == first
    assert [line.partition(": ")[0] for line in headers] == list(HEADERS)
    for text in (shown, request.replace("\r", "").replace("Webhook", "webhook")):
        assert [name for name, form in HEADERS.items() if not re.search(rf"(?m)^{name}: {form}", text)] == []
    assert [(one.members, one.guests) for one in counted.counts] == [
        (told["members"], told.get("guests", 0)) for told in json.loads(answer)["deployments"]
    ]


@pytest.mark.parametrize(
    "block", [*of("hcl"), *(one for one in of("shell") if "namespace create" in one.text)], ids=str
)
def test_a_namespace_is_shown_with_each_search_attribute_and_its_type(block: Block) -> None:
    assert dict(ATTRIBUTE.findall(block.text)) == type_names()
    assert block.text.count("{") == block.text.count("}")
