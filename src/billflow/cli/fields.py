"""Options from the fields of a dataclass, so that what the domain can be asked is what can be typed."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from datetime import datetime
from enum import Enum
from types import NoneType
from typing import Annotated, Any, get_args, get_type_hints

import typer

from billflow.cli.params import moment

_DISCRIMINATOR = "type"
_HELP: Mapping[str, str] = {
    "tier": "A tier's code, such as cloud_standard.",
    "schedule": "How often the plan renews.",
    "licenses": "How many licenses, from 1 to 1,000,000.",
    "license_management": "Whether licenses follow the seats or are bought by hand.",
    "collection_method": "Whether the card is charged or an invoice is sent.",
    "trial_days": "Days that cost nothing; 0 buys at once.",
    "fixed_price": "A yearly price in minor units.",
    "offer_id": "The offer that is accepted.",
    "coupon": "The code of a coupon to redeem.",
    "end_date": "When the plan ends.",
    "days": "How many days longer.",
    "void_open_invoices": "Void what is not paid yet.",
    "monthly_discounted_price": "In minor units; 0 takes the discount away.",
    "annual_discounted_price": "In minor units; 0 takes the discount away.",
    "description": "What invoices call it, and keep.",
    "unit_amount": "Minor units of the plan's currency, each.",
    "quantity": "How many, up to 1,000,000.",
    "service_start": "From when on it is for, where it is for a time.",
    "service_end": "Until when it is for.",
    "own_invoice": "Bill it now, on an invoice of its own.",
    "add_on": "Its code in the catalogue.",
    "price": "Minor units for each and cycle, where that is agreed; the listed price where left out.",
    "item": "Its number: `billflow plan items PLAN` lists them.",
}


def own_fields(kind: type[Any]) -> list[Field[Any]]:
    """Return the fields of *kind* that one can choose."""
    return [field for field in fields(kind) if field.name != _DISCRIMINATOR]


def typed_as(kind: type[Any], typed: Mapping[str, Any]) -> Any:
    """Build *kind* from parsed options; raises what its own checks say."""
    return kind(**{field.name: typed[field.name] for field in own_fields(kind)})


def options_of(kind: type[Any]) -> Iterator[inspect.Parameter]:
    """Yield an option per field: flags for booleans, choices for enumerations, moments for times."""
    hints = get_type_hints(kind)
    for field in own_fields(kind):
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        yield parameter(field.name, Annotated[hints[field.name], _option(field.name, hints[field.name])], default)


@dataclass(frozen=True, slots=True)
class Typed:
    """Marks a parameter of a command that is looked up, or made, before the command begins.

    *read* is given what the command is given first, and the text that is typed for the parameter or the values of
    *options* in its place; where that is the store, what it returns is awaited.
    """

    read: Callable[[Any, Any], Any]
    options: Sequence[inspect.Parameter] = ()


def typed_for(wanted: inspect.Parameter) -> Sequence[inspect.Parameter]:
    """Return how a parameter of a command is typed."""
    mark = _mark(wanted)
    if mark is None or mark.options:
        return mark.options if mark else [wanted.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
    kind = str if wanted.default is inspect.Parameter.empty else str | None
    others = [one for one in wanted.annotation.__metadata__ if one is not mark]
    return [parameter(wanted.name, Annotated[kind, *others], wanted.default)]


def value_for(here: Any, wanted: inspect.Parameter, typed: Mapping[str, Any]) -> Any:
    """Return what a parameter of a command is given where the options in *typed* were, or what to await for it."""
    mark = _mark(wanted)
    if mark and mark.options:
        return mark.read(here, {one.name: typed[one.name] for one in mark.options})
    value = typed[wanted.name]
    return mark.read(here, value) if mark and value is not None else value


def _mark(wanted: inspect.Parameter) -> Typed | None:
    return next((one for one in getattr(wanted.annotation, "__metadata__", ()) if isinstance(one, Typed)), None)


def parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    """Return one parameter of a command."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def signed(function: Callable[..., None], parameters: Sequence[inspect.Parameter], doc: str | None) -> None:
    """Let *function* look to Typer as if it were written with these parameters and this docstring."""
    function.__doc__ = doc
    function.__annotations__ = {one.name: one.annotation for one in parameters}
    vars(function)["__signature__"] = inspect.Signature(parameters)


def sample_of(kind: type[Any]) -> list[str]:
    """Return the options that *kind* requires, with values as one might type them."""
    hints = get_type_hints(kind)
    required = [field.name for field in own_fields(kind) if field.default is MISSING]
    return [word for name in required for word in (flag_of(name), _sample(name, _plain(hints[name])))]


def flag_of(name: str) -> str:
    """Return how a field is typed: `--trial-days`."""
    return f"--{name.replace('_', '-')}"


def _option(name: str, hint: Any) -> Any:
    if _plain(hint) is datetime:
        return typer.Option(flag_of(name), parser=moment, metavar="MOMENT", help=_HELP.get(name))
    return typer.Option(flag_of(name), help=_HELP.get(name))


def _plain(hint: Any) -> Any:
    return next((part for part in get_args(hint) if part is not NoneType), hint)


def _sample(name: str, kind: Any) -> str:
    if kind is int:
        return "5"
    if kind is datetime:
        return "2027-01-31"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return str(next(iter(kind)).value)
    return name.upper()
