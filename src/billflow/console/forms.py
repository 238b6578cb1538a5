"""Forms made of what is asked for: one field for each field of a command or request, read back and checked as that."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from billflow.console.pages import words
from billflow.domain.currencies import CURRENCIES
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.validation import field_refusal

Asked = TypeVar("Asked")

AMOUNTS = frozenset(
    {
        "amount",
        "price",
        "unit_amount",
        "fixed_price",
        "flat_discount",
        "monthly_discounted_price",
        "annual_discounted_price",
    }
)
"""Fields in minor units, which people write as `96.50`."""

_NUMBERED = re.compile(r"_[0-9]+$")
_SEPARATED = re.compile(r"[,\s]+")

_HOURS = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class FormTerms:
    """What the fields of a form go by: the currency of amounts, what may be chosen, and which texts have lines.

    `labels` are what fields are called that are not called as in the API.
    """

    currency: str
    choices: Mapping[str, tuple[str, ...]]
    long: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FormField:
    """One field as it is shown: `kind` is number, amount, text, long, list, choice, moment or yes."""

    name: str
    kind: str
    required: bool
    value: str = ""
    choices: tuple[str, ...] = ()
    title: str = ""

    @property
    def label(self) -> str:
        """Return what the field is called; one of several lines has the number of its line."""
        return self.title or re.sub(r" ([0-9]+)$", r", line \1", words(self.name).capitalize())


def fields_of(kind: type[Any], values: Mapping[str, str], terms: FormTerms) -> tuple[FormField, ...]:
    """Return the fields of a form for a *kind*, filled with *values* as they are written."""
    return tuple(
        FormField(name, shown, required, values.get(name, ""), choices, terms.labels.get(name, ""))
        for name, held, required in _declared(kind)
        for shown, choices in [_shown(name, held, terms)]
    )


def is_amount(name: str) -> bool:
    """Tell whether a field holds an amount, also where its name ends in the number of a line."""
    return _NUMBERED.sub("", name) in AMOUNTS


def written(value: object, name: str, currency: str) -> str:
    """Return a value as it is written into a field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(_HOURS)
    if isinstance(value, int) and is_amount(name):
        decimals = CURRENCIES[currency].decimals
        return str(Decimal(value).scaleb(-decimals))
    return str(value)


def read_form(kind: type[Asked], form: Mapping[str, str], terms: FormTerms) -> Asked:
    """Return what a form asks for; raises `InvalidInput` that names the field."""
    values = {}
    for one in fields_of(kind, {}, terms):
        if (value := _read(one, form.get(one.name, "").strip(), terms.currency)) is not None:
            values[one.name] = value
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise field_refusal(first, ".".join(map(str, first["loc"])) or "form") from None


def amount_of(text: str, currency: str, field: str) -> int:
    """Return an amount that is written in whole units, such as `96.50`, in minor units; raises `InvalidInput`."""
    decimals = CURRENCIES[currency].decimals
    try:
        minor = Decimal(text.replace(",", "").removeprefix(currency).strip()).scaleb(decimals)
    except InvalidOperation:
        minor = Decimal("NaN")
    if not minor.is_finite() or minor != minor.to_integral_value() or len(text) > 20:  # noqa: PLR2004
        example = Decimal(9650).scaleb(-decimals)
        message = f"{words(field).capitalize()} must be an amount of {currency} such as {example}."
        raise InvalidInput(message, field=field)
    return int(minor)


def _read(field: FormField, text: str, currency: str) -> object:
    if field.kind == "yes":
        return True if text == "yes" else None
    if field.kind == "list":
        return tuple(filter(None, _SEPARATED.split(text)))
    if not text:
        return None
    if field.kind == "amount":
        return amount_of(text, currency, field.name)
    return f"{text}Z" if field.kind == "moment" and not text.endswith("Z") else text


def _declared(kind: type[Any]) -> Iterator[tuple[str, Any, bool]]:
    """Yield name, type and whether it must be given, of each field that people fill in."""
    hints = get_type_hints(kind, include_extras=False)
    if is_dataclass(kind):
        for field in fields(kind):
            if field.name != "type":
                yield field.name, hints[field.name], field.default is MISSING and field.default_factory is MISSING
    elif issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            if _is_simple(hints[name]):
                yield name, hints[name], info.is_required()


def _is_simple(held: Any) -> bool:
    return get_origin(plain := _without_none(held)) is not tuple or _is_list(plain)


def _is_list(plain: Any) -> bool:
    """Tell whether it is texts or numbers, any number of them, which are written side by side."""
    return get_origin(plain) is tuple and get_args(plain)[0] in (str, int)


def _without_none(held: Any) -> Any:
    if get_origin(held) is Annotated:
        return _without_none(get_args(held)[0])
    if get_origin(held) in (Union, UnionType):
        return _without_none(next(one for one in get_args(held) if one is not NoneType))
    return held


def _shown(name: str, held: Any, terms: FormTerms) -> tuple[str, tuple[str, ...]]:
    plain = _without_none(held)
    if name in terms.choices:
        return "choice", terms.choices[name]
    if isinstance(plain, type) and issubclass(plain, StrEnum):
        return "choice", tuple(one.value for one in plain)
    if plain is int:
        return ("amount" if is_amount(name) else "number"), ()
    if plain is bool or _is_list(plain):
        return ("yes" if plain is bool else "list"), ()
    text = "long" if name in terms.long else "text"
    return ("moment" if plain in (datetime, AwareDatetime) else text), ()
