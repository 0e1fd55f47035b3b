"""What of JSON Schema the result schema uses, in a few lines: the package needs no validator of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}
_KNOWN = {"title", "type", "oneOf", "required", "properties", "additionalProperties", "enum", "const"}


def result_schema() -> Mapping[str, object]:
    """The schema of one answer of the command line."""
    found: Mapping[str, object] = json.loads(files("neurovariety").joinpath("result.schema.json").read_text(encoding="utf-8"))
    return found


def broken_rule(data: object, schema: Mapping[str, object], where: str = "it") -> str:
    """The first rule of the schema that data break, in words; '' where they break none. Raises `ValueError` for an unknown rule."""
    if schema.keys() - _KNOWN:
        raise ValueError(f"rules of JSON Schema that this check does not know: {sorted(schema.keys() - _KNOWN)}")
    kinds = schema.get("type")
    names = [kinds] if isinstance(kinds, str) else list(kinds) if isinstance(kinds, Sequence) else []
    if names and not any(isinstance(data, _TYPES[n]) and not isinstance(data, bool) for n in names):
        return f"{where} is a {type(data).__name__}, not of type {' or '.join(names)}"
    if "const" in schema and data != schema["const"]:
        return f"{where} is {data!r}, not {schema['const']!r}"
    words = schema.get("enum")
    if isinstance(words, Sequence) and data not in words:
        return f"{where} is {data!r}, none of {', '.join(map(str, words))}"
    return _broken_by_fields(data, schema, where) or _broken_by_all(data, schema, where)


def _broken_by_fields(data: object, schema: Mapping[str, object], where: str) -> str:
    if not isinstance(data, dict):
        return ""
    required, properties = schema.get("required"), schema.get("properties")
    if isinstance(required, Sequence) and (missing := [n for n in required if n not in data]):
        return f"{where} lacks {', '.join(missing)}"
    fields = properties if isinstance(properties, Mapping) else {}
    if schema.get("additionalProperties") is False and (more := sorted(data.keys() - fields.keys())):
        return f"{where} has {', '.join(more)}, which the schema does not name"
    broken = (broken_rule(data[n], rules, n) for n, rules in fields.items() if n in data)
    return next((b for b in broken if b), "")


def _broken_by_all(data: object, schema: Mapping[str, object], where: str) -> str:
    one_of = schema.get("oneOf")
    if not isinstance(one_of, Sequence):
        return ""
    broken = [broken_rule(data, s, where) for s in one_of]
    return "" if broken.count("") == 1 else "; ".join(b for b in broken if b) or f"{where} fits several forms"
