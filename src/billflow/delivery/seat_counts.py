"""What a seat source said, checked: whatever can't be its counts is refused whole, with its place."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from billflow.domain.seats import MAX_LICENSES
from billflow.models.contracts.seat_sources import CountedDeployment, DeploymentSeats, SeatPerson
from billflow.ports.seats import BadSeatCounts

WAY_OUT = "nothing was applied; answer as docs/seat-sources.md describes."


_WholeNumber = Annotated[int, Field(strict=True, ge=0, le=MAX_LICENSES)]


class _Row(DeploymentSeats):
    members: _WholeNumber
    guests: _WholeNumber = 0


_ROW: TypeAdapter[_Row] = TypeAdapter(_Row)


def checked_counts(
    rows: Iterable[Any], asked: Sequence[CountedDeployment], where: str, *, others: bool = False
) -> tuple[DeploymentSeats, ...]:
    """Return the counts in *rows* under our own ids; raises `BadSeatCounts` for a row that is wrong, with its place.

    With *others* the source holds more deployments than were asked for, which are left out.
    """
    ids = {key: one.deployment_id for one in asked for key in (one.deployment_id, one.name)}
    found: dict[str, DeploymentSeats] = {}
    for n, row in enumerate(rows):
        place = f"{where}: deployments[{n}]"
        count = _count(row, place)
        own_id = ids.get(count.deployment_id)
        if own_id is None:
            if others:
                continue
            raise BadSeatCounts(f"{place} is of {count.deployment_id[:100]!r}, which was not asked for; {WAY_OUT}")
        if own_id in found:
            raise BadSeatCounts(f"{place} counts {count.deployment_id[:100]!r} a second time; {WAY_OUT}")
        found[own_id] = count.model_copy(update={"deployment_id": own_id})
    return tuple(found.values())


def _count(row: Any, place: str) -> DeploymentSeats:
    try:
        count = _ROW.validate_python(row)
    except ValidationError as error:
        first = error.errors()[0]
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        raise BadSeatCounts(f"{place}{field} is wrong: {_said(first)}; {WAY_OUT}") from None
    if count.people is not None:
        named = {kind: sum(one.kind == kind for one in count.people) for kind in ("member", "guest")}
        if (named["member"], named["guest"]) != (count.members, count.guests):
            raise BadSeatCounts(
                f"{place} counts {count.members} members and {count.guests} guests, but names {named['member']} and "
                f"{named['guest']}; {WAY_OUT}"
            )
        if len({one.id for one in count.people}) != len(count.people):
            raise BadSeatCounts(f"{place}.people names somebody twice; {WAY_OUT}")
    return DeploymentSeats(**dict(count))


_SAID: Mapping[str, str] = {
    "missing": "it is missing",
    "greater_than_equal": "it is less than 0",
    "less_than_equal": "it is over 1,000,000",
    "int_type": "it is no whole number",
    "string_type": "it is no text",
}


def _said(error: Mapping[str, Any]) -> str:
    return _SAID.get(str(error["type"]), "it is not what is expected there")


def counts_of_rows(rows: Sequence[Mapping[str, Any]], where: str) -> list[Mapping[str, Any]]:
    """Return rows of a table as counts: one row is a deployment with its counts, or one person of a deployment.

    Raises `BadSeatCounts` for a table without the columns for either.
    """
    if not rows:
        return []
    columns = rows[0].keys()
    if "person_id" not in columns:
        if not {"deployment_id", "members"} <= columns:
            raise BadSeatCounts(
                f"{where}: the columns are {', '.join(map(str, columns))}; name deployment_id, members and guests, or "
                f"deployment_id, person_id and kind; {WAY_OUT}"
            )
        return [{**row, "deployment_id": str(row["deployment_id"])} for row in rows]
    people: dict[str, list[SeatPerson]] = {}
    for n, row in enumerate(rows):
        kind = str(row.get("kind") or "member")
        if kind not in ("member", "guest") or not row["person_id"]:
            raise BadSeatCounts(f"{where}: line {n + 1} names no person of kind member or guest; {WAY_OUT}")
        person = SeatPerson.model_validate({"id": str(row["person_id"])[:200], "kind": kind})
        people.setdefault(str(row["deployment_id"]), []).append(person)
    return [
        {
            "deployment_id": deployment_id,
            "members": sum(one.kind == "member" for one in mine),
            "guests": sum(one.kind == "guest" for one in mine),
            "people": tuple(mine),
        }
        for deployment_id, mine in people.items()
    ]
