"""What operators do to a loan: the same shape as the answers to events, and the same ways of changing a loan.

A command that comes again, by its `command_id`, changes nothing. What is refused says the field, why, and what to do.
"""

from datetime import date
from functools import partial

from lendstream.amortization import TermsError
from lendstream.errors import DataError, Refused
from lendstream.events.loan import HardshipRequested, RefundRequested, WaiverReason
from lendstream.events.payment import PaymentReversed

from . import ageing, payments
from .asked import (
    AskRefundAgain,
    CancelTranche,
    ChargeOff,
    DrawMoney,
    RequestHardshipRelief,
    Restructure,
    ReversePayment,
    UndoRestructure,
    Waive,
)
from .delinquency import days_past_due
from .life import carried_on, corrected, scheduled
from .loan import Account, Answer, Entry, Kind, Loan, Payout, Policy, Status, numbered, replace
from .preview import relieved, token_of
from .refunds import refund_account, refund_id_of
from .relief import Waiver
from .relief_policy import ReliefPolicy, refusals, unknown_circumstance
from .tranches import ordered, with_payout

_OWED = frozenset({Status.ACTIVE, Status.CHARGED_OFF})


def waive(account: Account | None, command: Waive, today: date, policy: Policy) -> Answer:
    """Let go of what is due, out of goodwill.

    Errors: Refused for a loan that is not owed, or where nothing of these parts is due.
    """
    loan = _owed(account)
    identifier = str(command.command_id)
    if _known(loan, identifier):
        return loan, ()
    entry = Entry(
        identifier,
        Kind.WAIVER,
        command.up_to,
        loan.contract.currency,
        today,
        WaiverReason.GOODWILL.value,
        today,
        reason=signed(command.by, command.reason),
        detail=Waiver(parts=command.parts, up_to=command.up_to).model_dump_json(),
    )
    after, told = carried_on(replace(loan, entries=(*loan.entries, entry)), today, policy)
    if not any(each.parts for each in after.entries if each.id == identifier):
        raise Refused(
            "nothing_due",
            f"Nothing of {', '.join(command.parts)} is due on {today}.",
            field="parts",
            fix="Name parts that are due and unpaid; what is still to come is changed by a restructure.",
        )
    return numbered(after, told)


def restructure(
    rules: ReliefPolicy, account: Account | None, command: Restructure, today: date, policy: Policy
) -> Answer:
    """Give the plan that was previewed, exactly: the loan must be as it was then.

    Errors: Refused for a stale preview or a plan that no schedule can be made of; DataError with every rule of the
    relief policy that is against it.
    """
    loan = opened(account)
    if _known(loan, str(command.command_id)):
        return loan, ()
    if command.token != token_of(loan, command.circumstance, command.plan, today):
        raise Refused(
            "stale_preview",
            "The loan, the plan or the business day is not that of the preview.",
            field="token",
            fix="Preview the plan again, show the customer what has changed, and send the new token.",
        )
    if faults := refusals(loan, command.circumstance, command.plan, today, rules):
        raise DataError(*faults)
    if rules.circumstances[command.circumstance].evidence is not None and not command.evidence:
        raise Refused(
            "evidence_missing",
            f"Relief for {command.circumstance} wants evidence.",
            field="evidence",
            fix="Say what the customer showed, such as the number of the document.",
        )
    shown = f" [{command.evidence}]" if command.evidence else ""
    try:
        after, told = relieved(
            loan,
            str(command.command_id),
            command.circumstance,
            command.plan,
            today,
            policy,
            signed(command.by, f"{command.reason}{shown}"),
        )
    except TermsError as error:
        raise impossible(error) from error
    return numbered(after, told)


def impossible(error: TermsError) -> Refused:
    """No schedule can be made of a plan."""
    return Refused(
        "no_such_schedule", f"{error.field}: {error.message}.", field="plan", fix="Ask for more or fewer instalments."
    )


def undo_restructure(account: Account | None, command: UndoRestructure, today: date, policy: Policy) -> Answer:
    """Take a restructure back. Taken back before, it changes nothing.

    Errors: Refused for a restructure that the loan does not have.
    """
    loan = opened(account)
    entry = _known(loan, str(command.restructure_id))
    if entry is None or entry.kind is not Kind.RELIEF:
        raise Refused(
            "unknown_restructure",
            f"The loan has no restructure {command.restructure_id}.",
            field="restructure_id",
            fix="Use restructure_id as in the answer to the restructure.",
        )
    if entry.undone_on is not None:
        return loan, ()
    undone = entry._replace(undone_on=today, reason=signed(command.by, command.reason))
    return numbered(*corrected(loan, today, policy, f"restructure {entry.id} undone", undone))


def request_hardship(
    rules: ReliefPolicy, account: Account | None, command: RequestHardshipRelief, today: date, policy: Policy
) -> Answer:
    """The customer asks for relief: noted and told; an operator answers.

    Errors: Refused for a loan that is not owed, DataError for a circumstance that the relief policy does not have.
    """
    loan = _owed(account)
    if command.circumstance not in rules.circumstances:
        raise DataError(unknown_circumstance(command.circumstance, rules))
    tell = partial(
        HardshipRequested,
        request_id=command.command_id,
        circumstance=command.circumstance,
        detail=command.detail,
        requested_on=today,
    )
    return numbered(loan, [tell])


def reverse_payment(account: Account | None, command: ReversePayment, today: date, policy: Policy) -> Answer:
    """Take a payment back, as if its channel had reported it. Errors: as `payments.reverse`."""
    reversal = PaymentReversed(
        payment_id=command.payment_id,
        loan_id=command.loan_id,
        reason=signed(command.by, command.reason),
        reversed_on=today,
    )
    return payments.reverse(account, reversal, today, policy)


def charge_off(account: Account | None, command: ChargeOff, today: date, policy: Policy) -> Answer:
    """Give the loan up in the books before its days are over. Errors: Refused for a loan that is not active."""
    loan = opened(account)
    if loan.status is not Status.ACTIVE:
        raise Refused(
            "not_active",
            f"The loan is {loan.status.value}.",
            field="loan_id",
            fix="Only a loan that is paid out and owed can be given up.",
        )
    return numbered(*ageing.charged_off(loan, today, policy, signed(command.by, command.reason)))


def draw(account: Account | None, command: DrawMoney, today: date, policy: Policy) -> Answer:
    """Order a payout of a credit line. The money counts, and the schedule changes, when the payout is confirmed.

    Errors: DataError with every reason against it.
    """
    loan = opened(account)
    product = policy.product(loan)
    if not product.revolving:
        raise Refused(
            "not_revolving",
            f"{product.code} is no credit line.",
            field="loan_id",
            fix="Apply for a new loan.",
        )
    if loan.status not in (Status.ACTIVE, Status.CLOSED):
        raise Refused(
            "not_active", f"The loan is {loan.status.value}.", field="loan_id", fix="Wait until it is paid out."
        )
    if days_past_due(loan, today) or any(row.due_date < today and row.outstanding for row in loan.instalments):
        raise Refused(
            "in_arrears", "Something is past due.", field="loan_id", fix="Have everything paid that is past due."
        )
    if command.instalments not in product.tenors:
        offered = ", ".join(map(str, product.tenors))
        raise Refused(
            "tenor_not_offered",
            f"{product.code} is repaid over {offered} instalments.",
            field="instalments",
            fix=f"Send one of: {offered}.",
        )
    _check_amount(loan, command.amount, product.amount.min, product.amount.step)
    payout = Payout(len(loan.payouts) + 1, command.amount, today, Kind.DRAW, command.instalments, attempt=1)
    out, tell = ordered(loan, payout)
    return numbered(out, [tell])


def drawable(loan: Loan) -> int:
    """What may still be drawn: the limit less what is owed and what is on its way."""
    on_the_way = sum(
        each.amount for each in loan.payouts if each.kind is Kind.DRAW and each.done_on is None and not each.cancelled
    )
    return max(loan.contract.credit_limit - loan.principal_outstanding - on_the_way, 0)


def _check_amount(loan: Loan, amount: int, least: int, step: int) -> None:
    left = drawable(loan)
    if amount > left:
        raise Refused(
            "over_the_limit",
            f"{left} of {loan.contract.credit_limit} may be drawn.",
            field="amount",
            fix=f"Send at most {left}.",
        )
    if amount < least or amount % step:
        raise Refused(
            "amount_not_offered",
            f"A draw is at least {least}, in steps of {step}.",
            field="amount",
            fix=f"Send a multiple of {step}, from {least} on.",
        )


def cancel_tranche(account: Account | None, command: CancelTranche, today: date, policy: Policy) -> Answer:
    """A later payout is not wanted any more; the schedule is made anew without it. Cancelled before: nothing changes.

    Errors: Refused for a loan that is not active, a tranche that it does not have, or one that is on its way or out.
    """
    loan = opened(account)
    payout = next((each for each in loan.payouts if each.part == command.part), None)
    if payout is None or payout.kind is not Kind.TRANCHE:
        raise Refused(
            "unknown_tranche",
            f"The loan has no tranche {command.part}.",
            field="part",
            fix="Use the number of a tranche of this loan.",
        )
    if payout.cancelled:
        return loan, ()
    if payout.attempt or payout.done_on is not None:
        raise Refused(
            "payout_under_way",
            "The payout is ordered already.",
            field="part",
            fix="Have the payment channel report it failed, or have the money paid back.",
        )
    if loan.status is not Status.ACTIVE:
        raise Refused(
            "not_active", f"The loan is {loan.status.value}.", field="loan_id", fix="Wait until it is active."
        )
    without = with_payout(loan, payout._replace(cancelled=True))
    cause = signed(command.by, f"tranche {command.part} cancelled: {command.reason}")
    return numbered(*corrected(without, today, policy, cause))


def refund_again(account: Account | None, command: AskRefundAgain, today: date, policy: Policy) -> Answer:
    """Ask for the refund of a credit balance, to another account if one is said.

    Errors: Refused where there is nothing to give back, an order is not answered yet, or no account is known.
    """
    loan = opened(account)
    if loan.refund:
        raise Refused(
            "refund_under_way",
            f"{loan.refund} is asked for and not answered yet.",
            field="loan_id",
            fix="Wait for the answer of the payment channel.",
        )
    if loan.credit <= 0:
        raise Refused("no_credit", "The loan has no credit balance.", field="loan_id", fix="There is nothing to do.")
    if loan.status is not Status.CLOSED:
        raise Refused(
            "still_owed", "The loan is owed; a credit is given back once it is closed.", field="loan_id", fix="Wait."
        )
    to = command.refund_account or refund_account(loan)
    if to is None:
        raise Refused(
            "account_missing",
            "No account of the customer is known.",
            field="refund_account",
            fix="Ask the customer, and send the token of the account.",
        )
    asked = replace(loan, refund=loan.credit, refunds=loan.refunds + 1)
    tell = partial(
        RefundRequested,
        refund_id=refund_id_of(loan.id, asked.refunds),
        amount=loan.credit,
        currency=loan.contract.currency,
        refund_account=to,
        requested_on=today,
    )
    return numbered(scheduled(asked, policy), [tell])


def signed(by: str, text: str) -> str:
    """Why, and who says so."""
    return f"{by}: {text}"[:200]


def opened(account: Account | None) -> Loan:
    """The loan. Raises Refused where none is open."""
    return payments.opened(account)


def _owed(account: Account | None) -> Loan:
    loan = opened(account)
    if loan.status not in _OWED:
        raise Refused(
            "not_owed",
            f"The loan is {loan.status.value}: nothing is owed.",
            field="loan_id",
            fix="There is nothing to do.",
        )
    return loan


def _known(loan: Loan, identifier: str) -> Entry | None:
    return next((each for each in loan.entries if each.id == identifier), None)
