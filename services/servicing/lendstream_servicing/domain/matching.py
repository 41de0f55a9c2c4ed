"""Money that no loan could take goes to the loan that it was meant for: out of one account, into another, or neither.

Each side sees its own account alone; what the money is stands in the command, and the account that gives it checks it.
"""

from datetime import date

from lendstream.errors import DataError, FieldError, Refused

from .asked import MatchSuspense
from .life import carried_on
from .loan import Account, Answer, Entry, Kind, Policy, Status, numbered, replace
from .operations import opened, signed


def release(account: Account | None, command: MatchSuspense, today: date, policy: Policy) -> Answer:
    """The account where the money waits gives it away. Given to that loan before, it changes nothing.

    Errors: Refused for money that is not there, is not in suspense any more, or is other money than the command says.
    """
    entry = next((each for each in account.entries if each.id == command.payment_id), None) if account else None
    if account is None or entry is None or entry.kind is not Kind.PAYMENT:
        raise Refused(
            "unknown_payment",
            f"No payment {command.payment_id} waits in account {command.loan_id}.",
            field="payment_id",
            fix="Take payment_id and loan_id from the suspense list.",
        )
    moved = moved_to(command)
    if entry.detail == moved:
        return account, ()
    if entry.applied_on is not None or entry.undone_on is not None:
        raise Refused(
            "not_in_suspense",
            "The money is not in suspense any more.",
            field="payment_id",
            fix="Look at the account that it came for; a payment that was applied to the wrong loan is reversed there.",
        )
    _check_same(entry, command)
    given = entry._replace(
        undone_on=today,
        unallocated=0,
        reason=signed(command.by, f"belongs to loan {command.target_id}: {command.reason}"),
        detail=moved,
    )
    return replace(account, entries=tuple(given if each is entry else each for each in account.entries)), ()


def take(account: Account | None, command: MatchSuspense, today: date, policy: Policy) -> Answer:
    """The loan that it was meant for takes it, like a payment of the same value date.

    Errors: Refused for a loan that is not open, or that could not take it either.
    """
    loan = opened(account)
    identifier = moved_to(command)
    if any(each.id == identifier for each in loan.entries):
        return loan, ()
    if command.target_id == command.loan_id:
        raise Refused("same_loan", "The money is there already.", field="loan_id", fix="Name another loan.")
    if loan.status is Status.CANCELLED or command.currency != loan.contract.currency:
        raise Refused(
            "cannot_take_it",
            f"The loan is {loan.status.value} and counts in {loan.contract.currency}, the money is {command.currency}.",
            field="loan_id",
            fix="Name a loan of the same currency that is not cancelled.",
        )
    entry = Entry(
        identifier,
        Kind.PAYMENT,
        command.amount,
        command.currency,
        command.value_date,
        "suspense",
        today,
        unallocated=command.amount,
        reason=signed(command.by, f"payment {command.payment_id}: {command.reason}"),
    )
    return numbered(*carried_on(replace(loan, entries=(*loan.entries, entry)), today, policy))


def moved_to(command: MatchSuspense) -> str:
    """The number of the money in the loan that takes it."""
    return f"match_{command.command_id}"


def _check_same(entry: Entry, command: MatchSuspense) -> None:
    faults = [
        FieldError(name, f"other_{name}", f"{getattr(entry, name)} waits, not {said}.", "Look at the list again.")
        for name in ("amount", "currency", "value_date")
        if getattr(entry, name) != (said := getattr(command, name))
    ]
    if faults:
        raise DataError(*faults)
