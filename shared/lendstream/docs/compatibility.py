"""What a new schema of an event breaks for records and readers of the old one.

Within a topic's version fields may be added (with a default), constraints loosened and enums widened; anything
else needs a new version of the topic. A widened enum or a loosened constraint reaches the readers first.
"""

import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_TYPE_WORDS = ("type", "format", "const", "contentEncoding", "x-unit")
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_NOTHING: Schema = {}


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Everything in the new schema that the old one's records or readers do not bear; empty if compatible.

    Each is a sentence that begins with the field's path, as `terms.amount: was removed`.
    """
    found = [f"x-key: was {old[word]}, is {new.get(word)}" for word in ("x-key",) if old.get(word) != new.get(word)]
    return found + list(_changes(old, new, old, new, "", seen=frozenset()))


def _changes(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str, seen: frozenset[str]
) -> Iterator[str]:
    reference = old.get("$ref", "")
    if reference and reference in seen:
        return
    seen |= {reference} if reference else set()
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    where = path or "record"
    for word in _TYPE_WORDS:
        if old.get(word) != new.get(word):
            yield f"{where}: its {word} was {old.get(word)}, is {new.get(word)}"
    yield from (f"{where}: {change}" for change in _tightened(old, new))
    if gone := [value for value in old.get("enum", []) if value not in new.get("enum", [value])]:
        yield f"{where}: no longer takes {', '.join(map(str, gone))}"
    yield from _object_changes(old, new, old_root, new_root, path, seen)
    if "items" in old or "items" in new:
        yield from _changes(
            old.get("items", _NOTHING), new.get("items", _NOTHING), old_root, new_root, f"{path}[]", seen
        )
    yield from _union_changes(old, new, old_root, new_root, path, seen)


def _object_changes(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str, seen: frozenset[str]
) -> Iterator[str]:
    old_fields, new_fields = old.get("properties", _NOTHING), new.get("properties", _NOTHING)
    for name, field in old_fields.items():
        inside = f"{path}.{name}".lstrip(".")
        if name not in new_fields:
            yield f"{inside}: was removed"
        else:
            yield from _changes(field, new_fields[name], old_root, new_root, inside, seen)
    for name in new.get("required", []):
        if name not in old.get("required", []):
            yield f"{path}.{name}".lstrip(".") + ": is newly required"


def _union_changes(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str, seen: frozenset[str]
) -> Iterator[str]:
    before, after = old.get("anyOf", []), new.get("anyOf", [])
    if len(before) != len(after):
        yield f"{path or 'record'}: took {len(before) or 1} kinds of value, takes {len(after) or 1}"
        return
    for one, other in zip(before, after, strict=True):
        yield from _changes(one, other, old_root, new_root, path, seen)


def _tightened(old: Schema, new: Schema) -> Iterator[str]:
    for word in (*_LOWER_BOUNDS, *_UPPER_BOUNDS):
        bound, before = new.get(word), old.get(word)
        if bound is None or bound == before:
            continue
        tighter = before is None or (bound > before if word in _LOWER_BOUNDS else bound < before)
        if tighter:
            yield f"its {word} was {before}, is {bound}"
    if new.get("pattern") not in (None, old.get("pattern")):
        yield f"its pattern was {old.get('pattern')}, is {new['pattern']}"
    if old.get("enum") is None and new.get("enum") is not None:
        yield "it takes only some values now"


def _resolved(schema: Schema, root: Schema) -> Schema:
    found = re.fullmatch(r"#/\$defs/(.+)", schema.get("$ref", ""))
    return root["$defs"][found.group(1)] if found else schema
