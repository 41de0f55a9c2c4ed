"""Pages: an answer holds a part, and the cursor of the next one. A cursor means nothing to its holder."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable
from typing import Annotated

from fastapi import HTTPException, Query

from lendstream.errors import FieldError, problem

Cursor = Annotated[str | None, Query(max_length=200, description="next_cursor of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000, description="the most items in the answer")]


def cursor_of(*parts: object) -> str:
    """The cursor after an item."""
    return urlsafe_b64encode("\n".join(map(str, parts)).encode()).decode().rstrip("=")


def parts_of(cursor: str | None, *kinds: Callable[[str], object]) -> tuple[str, ...] | None:
    """What a cursor was made of; None for none. Raises HTTPException 422 for one that is not ours."""
    if cursor is None:
        return None
    try:
        parts = tuple(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode().split("\n"))
        if len(parts) != len(kinds) or any("\0" in part for part in parts):
            raise ValueError
        for part, kind in zip(parts, kinds, strict=True):
            kind(part)
            if kind is int and not 0 <= int(part) < 2**31:
                raise ValueError
    except (ValueError, Error):
        error = FieldError("query.cursor", "bad_cursor", "The cursor is none of ours.", "Use next_cursor of a page.")
        raise HTTPException(422, problem(422, "The request is not valid", [error])) from None
    return parts
