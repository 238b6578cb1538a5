"""What is wrong with a field of a request, in our own words: pydantic finds it, and nobody is to read pydantic."""

from collections.abc import Mapping, Sequence
from typing import Any

from billflow.domain.errors import BillingError, InvalidInput

_MISSING = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})
_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_MOMENT, _NUMBER, _YES_OR_NO = "a moment such as 2027-01-31T12:00:00Z", "a number", "true or false"
_TYPES: Mapping[str, str] = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number, and smaller",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "timezone_aware": f"{_MOMENT}, with its zone",
    "date_type": "a date such as 2027-01-31",
    "date_from_datetime_parsing": "a date such as 2027-01-31",
    "uuid_type": "a UUID",
    "uuid_parsing": "a UUID",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dataclass_type": "an object",
}
_LIMITS: Mapping[str, str] = {
    "greater_than": "be more than {gt}",
    "greater_than_equal": "be at least {ge}",
    "less_than": "be less than {lt}",
    "less_than_equal": "be at most {le}",
    "string_too_long": "have at most {max_length} characters",
    "too_short": "have at least {min_length} entries",
    "too_long": "have at most {max_length} entries",
}
_CHOICES: Mapping[str, str] = {
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "union_tag_invalid": "must be one of {expected_tags}",
    "union_tag_not_found": "has no {discriminator}; add it",
}


def without_consequences(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what pydantic reports, without the lists that it calls too short since an entry of theirs is wrong."""
    places = [tuple(one["loc"]) for one in found]

    def follows(one: Mapping[str, Any]) -> bool:
        at = tuple(one["loc"])
        return one["type"] == "too_short" and any(place != at and place[: len(at)] == at for place in places)

    return [one for one in found if not follows(one)]


def field_refusal(found: Mapping[str, Any], field: str) -> BillingError:
    """Return what pydantic reports of *field* as a sentence with its way out, or what our own check said of it."""
    kind, context = str(found["type"]), found.get("ctx") or {}
    said = context.get("error")
    if isinstance(said, BillingError):
        return said
    if kind in _MISSING:
        return InvalidInput(f"{field} is missing; add it.", code="field_missing", field=field)
    if kind in _UNKNOWN:
        return InvalidInput(f"{field} is unknown here; leave it out.", code="unknown_field", field=field)
    return _unfit(kind, context, field)


def _unfit(kind: str, context: Mapping[str, Any], field: str) -> InvalidInput:
    """Return what is wrong with the value that a field has."""
    if kind in _TYPES:
        return InvalidInput(f"{field} must be {_TYPES[kind]}.", code="wrong_type", field=field)
    if kind in _LIMITS:
        return InvalidInput(f"{field} must {_LIMITS[kind].format(**context)}.", code="out_of_range", field=field)
    if kind in _CHOICES:
        return InvalidInput(f"{field} {_CHOICES[kind].format(**context)}.", code="not_one_of", field=field)
    if kind == "string_too_short":
        least = f"{field} must have at least {context['min_length']} characters."
        return InvalidInput(least, code="too_short", field=field)
    if kind == "string_pattern_mismatch":
        return InvalidInput(f"{field} is written in another form; see /docs for one.", code="wrong_format", field=field)
    return InvalidInput(f"{field} can't be used as it is; see /docs for what it may be.", field=field)
