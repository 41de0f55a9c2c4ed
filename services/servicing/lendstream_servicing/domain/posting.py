"""Every change of an account that moves money is posted to the books with it."""

from collections.abc import Sequence
from datetime import date

from lendstream.amortization import When
from lendstream.amortization.charges import opening_fee
from lendstream.events.ledger import JournalPosted
from lendstream.events.loan import LoanDisbursed, LoanEvent, OpeningFee, Payer

from .books import (
    Draft,
    Facts,
    chained,
    drafts_of_all,
    subsidy_cancelled,
    suspense_received,
    suspense_released,
)
from .loan import Account, Entry, Kind, Loan, Policy, replace


def posted(before: Account | None, after: Account, events: Sequence[LoanEvent], today: date, policy: Policy) -> Account:
    """The account with the journals of a change; the very same account where nothing was posted."""
    earlier = before.entries if before is not None else ()
    drafts: list[Draft] = []
    if after.entries is not earlier:
        drafts += _suspense(earlier, after.entries)
    if events and isinstance(after, Loan):
        waiting = frozenset([e.id for e in earlier if e.applied_on is None and e.kind is Kind.PAYMENT])
        fees, payers = _at_opening(after, events, policy)
        was = before.charged_off_on is not None if isinstance(before, Loan) else False
        drafts += drafts_of_all(events, Facts(fees, payers, waiting, was))
    if isinstance(before, Loan) and isinstance(after, Loan) and before.instalments is not after.instalments:
        drafts += _subsidy(before, after, today)
    if not drafts:
        return after
    loan = after if isinstance(after, Loan) else None
    chain, journals = chained(
        after.chain,
        str(after.id),
        drafts,
        policy.accounts,
        today,
        loan_id=after.id,
        product=loan.contract.product if loan else None,
    )
    return replace(after, chain=chain, journals=after.journals + journals)


def news(before: Account | None, after: Account) -> Sequence[JournalPosted]:
    """The journals posted between two states of an account."""
    return after.journals[len(before.journals) if before is not None else 0 :]


def _suspense(earlier: Sequence[Entry], now: Sequence[Entry]) -> list[Draft]:
    """Money that came and waits; money that waited and was taken back."""
    drafts: list[Draft] = []
    for place, entry in enumerate(now):  # entries stay at their places; new ones come last
        was = earlier[place] if place < len(earlier) else None
        if entry is was or entry.kind is not Kind.PAYMENT or entry.applied_on is not None:
            continue
        if was is None and entry.undone_on is None:
            drafts += suspense_received(entry.id, entry.amount, entry.currency, entry.value_date)
        elif was is not None and was.undone_on is None and entry.undone_on is not None:
            # Money that goes to another loan counts there from its value date: so it leaves here as of the same day.
            on = entry.value_date if entry.detail else entry.undone_on
            drafts += suspense_released(entry.id, entry.amount, entry.currency, on)
    return drafts


def _at_opening(
    loan: Loan, events: Sequence[LoanEvent], policy: Policy
) -> tuple[Sequence[OpeningFee], Sequence[Payer]]:
    """The opening fees and subsidies, where the first payout is among the events."""
    if not any(isinstance(event, LoanDisbursed) and event.part == 0 for event in events):
        return (), ()
    contract, product = loan.contract, policy.product(loan)
    rows = loan.original or loan.instalments
    subsidy = sum([row.subsidy for row in rows])
    payers = (Payer(payer="subsidies", amount=subsidy),) if subsidy else ()
    if not contract.upfront_fee:
        return (), payers
    terms = product.terms_for(
        contract.principal, contract.tenor, contract.annual_rate, contract.interest_from, contract.options
    )
    fees = [
        OpeningFee(code=fee.code, payee=fee.payee, amount=opening_fee(terms, fee))
        for fee in terms.options.fees
        if fee.when is When.OPENING
    ]
    return fees, payers


def _subsidy(before: Loan, after: Loan, today: date) -> Sequence[Draft]:
    """Interest that others bear no more because the schedule is another."""
    less = sum([row.subsidy for row in before.instalments]) - sum([row.subsidy for row in after.instalments])
    if not less or before.disbursed_on is None:
        return ()
    return subsidy_cancelled(less, after.contract.currency, today, "schedule changed")
