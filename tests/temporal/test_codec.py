"""With encryption keys Temporal holds nothing that can be read; older histories pass through."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer

from billflow.models.keyring import CannotDecrypt, Key, Keyring
from billflow.temporal.client import connect
from billflow.temporal.codec import EncryptionCodec
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.worker import build_worker
from tests.temporal.workflows_of_the_tests import EchoWorkflow, Seats

OLD, NEW = Key.fresh("old"), Key.fresh("new")
CANARY = "Kanarienweg 7"


@workflow.defn
class FailingWorkflow:
    """Fails with something personal."""

    @workflow.run
    async def run(self, name: str) -> None:
        """Fail."""
        raise ApplicationError(f"{name} lives at {CANARY}", CANARY)


async def test_payloads_are_encrypted_on_the_server_and_arrive_as_they_were(temporal_server: str) -> None:
    client, queue = await connect(temporal_server, keyring=Keyring((NEW,))), str(uuid4())
    seats = Seats(licenses=7, seen_at=datetime(2026, 1, 31, tzinfo=UTC))
    async with build_worker(client, queue, workflows=[EchoWorkflow]):
        handle = await client.start_workflow(EchoWorkflow.run, seats, id=queue, task_queue=queue)
        assert await handle.result() == seats

    history = await handle.fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes.input.payloads[0]
    assert (started.metadata["encoding"], started.metadata["encryption-key-id"]) == (b"binary/encrypted", b"new")
    assert "licenses" not in history.to_json()
    replayer = Replayer(workflows=[EchoWorkflow], plugins=[billflow_plugin(keyring=Keyring((NEW,)))])
    assert (await replayer.replay_workflow(history)).replay_failure is None


async def test_failures_keep_their_message_and_stack_to_themselves(temporal_server: str) -> None:
    client, queue = await connect(temporal_server, keyring=Keyring((NEW,))), str(uuid4())
    async with build_worker(client, queue, workflows=[FailingWorkflow]):
        handle = await client.start_workflow(FailingWorkflow.run, CANARY, id=queue, task_queue=queue)
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()

    assert CANARY in str(failed.value.cause)
    history = (await handle.fetch_history()).to_json()
    assert CANARY not in history
    assert "test_codec.py" not in history


async def test_keys_rotate_and_what_was_never_encrypted_passes_through() -> None:
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'"seats"')
    (before,) = await EncryptionCodec(Keyring((OLD,))).encode([plain])
    both = EncryptionCodec(Keyring((NEW, OLD)))

    assert await both.decode([before, plain]) == [plain, plain]
    (after,) = await both.encode([plain])
    assert after.metadata["encryption-key-id"] == b"new"
    with pytest.raises(CannotDecrypt):
        await EncryptionCodec(Keyring((NEW,))).decode([before])
