"""Whether the process lives; whether it can do its work, and how the work goes, is told by `api.operations`."""

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process runs."""

    status: str = "ok"


@router.get("/healthz")
async def healthz() -> Health:
    """Say that the process runs."""
    return Health()
