"""How late a loan is: days past due, the bucket and the class of quality that they put it in."""

from datetime import date

from lendstream.events.loan import Bucket, Classification

from .loan import Loan, Status

BUCKETS: tuple[tuple[int, Bucket], ...] = (
    (1, Bucket.M1),
    (31, Bucket.M2),
    (61, Bucket.M3),
    (91, Bucket.M4),
)
"""The first day past due of each bucket, rising."""
CLASSES: tuple[tuple[int, Classification], ...] = (
    (1, Classification.SPECIAL_MENTION),
    (91, Classification.SUBSTANDARD),
    (271, Classification.DOUBTFUL),
    (361, Classification.LOSS),
)
"""The first day past due of each of the five classes, rising: as 商业银行金融资产风险分类办法 (2023) has them."""


def days_past_due(loan: Loan, as_of: date) -> int:
    """Days since the due date of the oldest unpaid instalment; 0 where none is past due."""
    if loan.status not in (Status.ACTIVE, Status.CHARGED_OFF):
        return 0
    for row in loan.instalments:
        if row.due_date >= as_of:
            return 0
        if row.settled_on is None and row.outstanding:
            return (as_of - row.due_date).days
    return 0


def bucket_of(late: int) -> Bucket:
    """The bucket of so many days past due."""
    found = Bucket.CURRENT
    for first_day, bucket in BUCKETS:
        if late >= first_day:
            found = bucket
    return found


def classification_of(late: int) -> Classification:
    """The class of loan quality of so many days past due."""
    found = Classification.NORMAL
    for first_day, classification in CLASSES:
        if late >= first_day:
            found = classification
    return found
