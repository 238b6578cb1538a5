"""A workflow module that forgot its pass-through block."""

import structlog
from temporalio import workflow


@workflow.defn
class CarelessWorkflow:
    @workflow.run
    async def run(self) -> str:
        return str(structlog.__name__)
