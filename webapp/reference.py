"""The API's reference: its OpenAPI document as a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from webapp.api.document import PREFIX, read_document

blueprint = Blueprint("reference", __name__)

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter, or a member of a body; `schema` names the one that it is made of, where that has a name."""

    name: str
    kind: str
    schema: str | None
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be done at one address."""

    method: str
    path: str
    summary: str
    description: str
    tag: str
    parameters: tuple[Member, ...]
    body: str | None
    answer: str | None
    status: str

    @property
    def anchor(self) -> str:
        """What names it within the page."""
        return f"{self.method}-{self.path.removeprefix(PREFIX).strip('/').translate(_PLAIN)}"


_PLAIN = str.maketrans({"/": "-", "{": "", "}": ""})


@blueprint.get("/api")
def overview() -> ResponseReturnValue:
    """Every operation with its parameters, its body and its answer."""
    document = read_document()
    operations = list(_read_operations(document["paths"]))
    return render_template(
        "reference/overview.html",
        groups=[(tag, [one for one in operations if one.tag == tag["name"]]) for tag in document["tags"]],
        schemas={name: _members(schema) for name, schema in sorted(document["components"]["schemas"].items())},
    )


def _read_operations(paths: Mapping[str, Mapping[str, Any]]) -> Iterable[Operation]:
    for path, methods in paths.items():
        shared = methods.get("parameters", [])
        for method, found in methods.items():
            if method == "parameters":
                continue
            status = next(str(status) for status in found["responses"] if str(status).startswith("2"))
            yield Operation(
                method=method,
                path=path,
                summary=found["summary"],
                description=_plain(found),
                tag=found["tags"][0],
                parameters=tuple(_parameter(one) for one in [*shared, *found.get("parameters", [])]),
                body=_body_name(found.get("requestBody")),
                answer=_body_name(found["responses"][status]),
                status=status,
            )


def _parameter(found: Mapping[str, Any]) -> Member:
    kind, schema = _describe(found["schema"])
    where = {"query": "in the query", "path": "in the path", "header": "a header"}[found["in"]]
    return Member(found["name"], f"{kind}, {where}", schema, found.get("required", False), _plain(found))


def _members(schema: Mapping[str, Any]) -> list[Member]:
    required = schema.get("required", ())
    return [
        Member(name, *_describe(member), name in required, _plain(member))
        for name, member in schema["properties"].items()
    ]


def _body_name(found: Mapping[str, Any] | None) -> str | None:
    content = (found or {}).get("content", {})
    return _describe(content[_JSON]["schema"])[1] if _JSON in content else None


def _describe(schema: Mapping[str, Any]) -> tuple[str, str | None]:
    """In words what it is, and the name of the schema that it is made of."""
    if "$ref" in schema:
        return "object", schema["$ref"].rpartition("/")[2]
    for alternative in schema.get("anyOf", schema.get("allOf", ())):
        if "$ref" in alternative:
            return "object or null" if "anyOf" in schema else "object", alternative["$ref"].rpartition("/")[2]
    kinds = schema.get("type", "anything")
    if kinds == "array":
        kind, name = _describe(schema["items"])
        return f"list of {kind}", name
    words = kinds if isinstance(kinds, str) else " or ".join(kinds)
    return words + _bounds(schema), None


def _plain(found: Mapping[str, Any]) -> str:
    """What is said of it, without the marks for code."""
    return str(found.get("description", "")).replace("`", "")


def _bounds(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ": " + ", ".join(map(str, schema["enum"]))
    words = (("minimum", "from"), ("maximum", "to"), ("maxLength", "of length up to"))
    said = [f"{word} {schema[key]:,}" for key, word in words if key in schema]
    if schema.get("default") is not None:
        said.append(f"({str(schema['default']).lower()} if left out)")
    return "".join(f" {one}" for one in said)
