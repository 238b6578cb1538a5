"""Every operation of the OpenAPI document, and how to call it with ids of one's choice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

JSON = "application/json"
NUMBERS = {"version": "999"}
"""Parameters in paths that are no ids, and a value that names nothing."""

KEYLESS = frozenset({"/healthz", "/api/v1/webhooks/stripe"})


@dataclass(frozen=True)
class Operation:
    """One method of one path; *document* resolves its references."""

    method: str
    path: str
    described: Mapping[str, Any]
    document: Mapping[str, Any]

    @property
    def scope(self) -> str:
        """Return the scope it demands."""
        return str(self.described["x-billflow-scope"])

    def names(self, place: str) -> list[str]:
        """Return its parameters in the path, the query or the header."""
        return [one["name"] for one in self.described.get("parameters", []) if one["in"] == place]

    def needed(self) -> set[str]:
        """Return the parameters of the query that can't be left out."""
        return {
            one["name"] for one in self.described.get("parameters", []) if one["in"] == "query" and one.get("required")
        }

    def bodies(self) -> list[Any]:
        """Return the examples of its body."""
        content = self.described.get("requestBody", {}).get("content", {}).get(JSON)
        if content is None:
            return []
        named = [example["value"] for example in content.get("examples", {}).values()]
        return named or ([content["example"]] if "example" in content else self._of_schema(content["schema"]))

    def takes_a_body(self) -> bool:
        """Tell whether it has one."""
        return "requestBody" in self.described

    async def call(self, client: httpx.AsyncClient, ids: Mapping[str, str], body: object = None) -> httpx.Response:
        """Call it with *ids* wherever it takes one; of a kind it does not know, the customer's."""
        path = self.path.format(
            **{name: {**ids, **NUMBERS}.get(name, ids["customer_id"]) for name in self.names("path")}
        )
        query = {name: ids[name] for name in self.names("query") if name in ids}
        return await client.request(self.method, path, params=query, json=_with_ids(body, ids))

    def _of_schema(self, schema: Mapping[str, Any]) -> list[Any]:
        if "$ref" in schema:
            return self._of_schema(self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        if "examples" in schema:
            return list(schema["examples"])
        for key in ("oneOf", "anyOf", "allOf"):
            for variant in schema.get(key, []):
                if found := self._of_schema(variant):
                    return found
        return []


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Yield every operation that asks for a key."""
    for path, methods in document["paths"].items():
        if path not in KEYLESS:
            for method, described in methods.items():
                yield Operation(method.upper(), path, described, document)


def _with_ids(body: object, ids: Mapping[str, str]) -> object:
    if isinstance(body, dict):
        return {name: ids.get(name, _with_ids(value, ids)) for name, value in body.items()}
    return [_with_ids(one, ids) for one in body] if isinstance(body, list) else body
