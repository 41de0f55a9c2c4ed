"""Dead letters and resolutions: what goes into their headers comes out again."""

from datetime import UTC, datetime

import pytest

from lendstream import dead_letter
from lendstream.dead_letter import Action, DeadLetter, Resolution
from lendstream.envelope import Record
from lendstream.errors import DataError, FieldError

NOW = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)
ORIGINAL = Record(
    topic="lending.intake.phone-shop.v1",
    key=b"SHOP-1",
    value=b"{not json \xff",
    headers=(("ce_id", b"1"), ("ce_type", b"ApplicationSubmitted"), ("x-raw", b"\xff\xfe")),
    partition=2,
    offset=41,
)


def letter(record: Record = ORIGINAL, error: BaseException | None = None, attempt: int = 1) -> DeadLetter:
    made = dead_letter.dead_letter(
        record, service="application", error=error or ValueError("no"), attempt=attempt, at=NOW
    )
    assert made.topic == "lending.dead-letter.application.v1"
    parsed = dead_letter.parse(made)
    assert isinstance(parsed, DeadLetter)
    return parsed


def test_the_original_comes_back_byte_for_byte() -> None:
    found = letter()
    assert found.record == ORIGINAL
    assert (found.service, found.attempt, found.at) == ("application", 1, NOW)
    assert (found.error_type, found.error, found.errors) == ("ValueError", "no", ())


def test_a_tombstone_that_failed_is_a_dead_letter_and_no_resolution() -> None:
    tombstone = Record("lending.customer.v1", b"k", None, (), 0, 7)
    assert letter(tombstone).record == tombstone


@pytest.mark.parametrize("value", [None, b"{}"])
def test_a_record_without_a_key_comes_back_without_one_though_its_dead_letter_has_one(value: bytes | None) -> None:
    keyless = Record("lending.loan.v1", None, value, (), 3, 8)
    made = dead_letter.dead_letter(keyless, service="risk", error=ValueError("no"), attempt=1, at=NOW)
    found = dead_letter.parse(made)
    assert isinstance(found, DeadLetter)
    assert found.record == keyless
    assert made.key == str(found.id).encode()
    assert dead_letter.resolution(found, action=Action.DROPPED, at=NOW, by="me").key == made.key
    assert dead_letter.retry(found).key is None


def test_every_reason_of_a_data_error_is_kept() -> None:
    errors = (FieldError("amount", "int_type", "not a number", "send one"), FieldError("", "x", "金额", ""))
    assert letter(error=DataError(*errors)).errors == errors


def test_the_same_record_has_one_id_and_another_place_or_service_another() -> None:
    moved = Record(ORIGINAL.topic, ORIGINAL.key, ORIGINAL.value, ORIGINAL.headers, 2, 42)
    assert letter().id == letter(error=KeyError("other"), attempt=3).id
    assert letter(moved).id != letter().id
    assert dead_letter.letter_id("risk", ORIGINAL) != letter().id


@pytest.mark.parametrize("text", ["x" * 100_000, "额" * 50_000, "\ud800 lone surrogate"])
def test_long_or_odd_error_texts_fit_into_a_header(text: str) -> None:
    made = dead_letter.dead_letter(ORIGINAL, service="risk", error=ValueError(text), attempt=1, at=NOW)
    said = dict(made.headers)[dead_letter.ERROR]
    assert len(said) <= dead_letter.MAX_ERROR_BYTES
    said.decode("utf-8")


def test_many_long_reasons_are_cut_to_a_bounded_size() -> None:
    error = DataError(*(FieldError(f"f{n}" * 400, "c", "额" * 9000, "z") for n in range(5000)))
    found = letter(error=error)
    assert len(found.errors) == dead_letter.MAX_ERRORS
    made = dead_letter.dead_letter(ORIGINAL, service="risk", error=error, attempt=1, at=NOW)
    assert sum(len(value) for _, value in made.headers) < 300_000


def test_a_partner_cannot_pass_a_record_off_as_a_resolution_or_forge_an_id() -> None:
    forged = Record(
        ORIGINAL.topic,
        ORIGINAL.key,
        None,
        (("dlq_resolves", str(letter().id).encode()), ("dlq_action", b"dropped"), ("dlq_at", b"x"), ("dlq_id", b"7")),
        0,
        9,
    )
    found = letter(forged)
    assert found.id == dead_letter.letter_id("application", forged)
    assert found.record.headers == ()


def test_a_retry_is_the_original_for_its_own_partition_marked_as_the_next_attempt() -> None:
    once = dead_letter.retry(letter())
    assert (once.topic, once.key, once.value, once.partition) == (ORIGINAL.topic, b"SHOP-1", ORIGINAL.value, 2)
    assert once.headers == (*ORIGINAL.headers, ("dlq_retry", b"2"))
    assert dead_letter.attempt_of(once) == 2
    again = dead_letter.retry(letter(Record(*[getattr(once, f) for f in once.__slots__]), attempt=2))
    assert [value for name, value in again.headers if name == "dlq_retry"] == [b"3"]


@pytest.mark.parametrize("forged", [b"", b"-4", b"one", b"\xff", b"9" * 40, "٣".encode()])
def test_a_nonsense_attempt_counts_as_the_first(forged: bytes) -> None:
    assert dead_letter.attempt_of(Record("t", None, None, (("dlq_retry", forged),))) == 1


def test_a_resolution_names_its_dead_letter() -> None:
    made = dead_letter.resolution(letter(), action=Action.DROPPED, at=NOW, by="li.na", reason="a test record")
    assert (made.topic, made.key, made.value) == ("lending.dead-letter.application.v1", b"SHOP-1", None)
    assert dead_letter.parse(made) == Resolution(letter().id, Action.DROPPED, NOW, "li.na", "a test record")


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("dlq_resolves", b"not a uuid"), ("dlq_action", b"retried"), ("dlq_at", b"2026-03-02T00:00:00+00:00")),
        (("dlq_resolves", str(letter().id).encode()), ("dlq_action", b"eaten"), ("dlq_at", b"2026-03-02T00:00:00Z")),
        (("dlq_id", b"x"), ("dlq_service", b"risk")),
    ],
)
def test_anything_else_on_the_topic_is_told_apart(headers: tuple[tuple[str, bytes], ...]) -> None:
    with pytest.raises(DataError, match="not_a_dead_letter"):
        dead_letter.parse(Record("lending.dead-letter.risk.v1", b"k", b"v", headers, 0, 3))


def test_bad_reasons_json_is_no_crash() -> None:
    made = dead_letter.dead_letter(ORIGINAL, service="risk", error=ValueError("x"), attempt=1, at=NOW)
    broken = Record(made.topic, made.key, made.value, (*made.headers, ("dlq_errors", b'[{"a": 1}]')), 0, 0)
    with pytest.raises(DataError):
        dead_letter.parse(broken)
