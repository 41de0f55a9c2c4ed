"""What a row of the outbox can hold."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from lendstream.envelope import Erasure, Record
from lendstream.runtime.outbox import event_row, headers_of, record_row
from lendstream.runtime.story import Story
from lendstream.topics import CUSTOMER_KEY

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@given(st.lists(st.tuples(names, st.binary(max_size=40)), max_size=8))
@example([("x;base64", b"not base64"), ("x", b"\xff\0"), ("a;base64", b"\0")])
def test_any_header_of_a_foreign_record_comes_back_as_it_was(headers: list[tuple[str, bytes]]) -> None:
    row = record_row("id", "DeadLetter", Record("t", b"k", b"v", tuple(headers)))
    assert all("\0" not in text for text in row[5])
    assert headers_of(row[5]) == headers


def test_an_erasure_is_a_record_without_a_value() -> None:
    erasure = Erasure(CUSTOMER_KEY, "c-1")
    story = Story("story", "cause", "trace")
    row = event_row(erasure, "lendstream/application", datetime.now(UTC), story)
    assert (row[1], row[2], row[4]) == ("lending.customer-key.v1", b"c-1", None)
    assert dict(headers_of(row[5]))["ce_correlationid"] == b"story"


def test_an_aggregate_s_own_story_keeps_the_direct_cause() -> None:
    cause = Story("payment", "payment", None)
    assert cause.told_as(Story("application", "x", "trace")) == Story("application", "payment", "trace")
    assert cause.told_as(None) is cause
    assert cause.told_as(Story()) is cause
