"""A loan of any product, lived through the public engine: opened, paid out, paid, aged, relieved."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Self

from lendstream.catalogue import Catalogue, Product, load
from lendstream.events.intake import LoanOptions
from lendstream.events.loan import LoanEvent
from lendstream.events.payment import PaymentIntent
from lendstream_servicing.domain import payments, payout
from lendstream_servicing.domain.ageing import age, charged_off
from lendstream_servicing.domain.life import carried_on
from lendstream_servicing.domain.loan import Account, Entry, Kind, Loan, Policy, disbursement_id_of, numbered
from lendstream_servicing.domain.opening import accept, approve
from lendstream_servicing.domain.relief import Relief
from lendstream_servicing.domain.walk import Rederive, Walk, derived
from lendstream_servicing.ledger import chart
from unit.servicing import loans

CODE = "cash-small"


def product(**data: Any) -> Product:
    """A product without fees and penalties but for what is given, checked as a file is."""
    whole = load().product(CODE).model_dump(mode="json", exclude_defaults=True)
    plain = {
        "amount": {"min": 1, "max": 10**12, "step": 1},
        "tenors": list(range(1, 121)),
        "penalty_annual_rate": "0",
        "grace_days": 0,
        "cooling_off_days": 0,
        "charge_off_days": 3650,
        "debit_days": [],
    }
    return Product.model_validate({**whole, **plain, **data})


@dataclass
class Life:
    """A loan and what it told, step by step."""

    policy: Policy
    loan: Loan
    told: list[LoanEvent] = field(default_factory=list)
    payments: int = 0

    @classmethod
    def of(
        cls,
        sold: Product,
        principal: int,
        instalments: int,
        annual_rate: str | Decimal,
        on: date,
        options: LoanOptions | None = None,
    ) -> Self:
        """Opened and paid out on a day."""
        policy = Policy(Catalogue({CODE: {1: sold}}), chart().numbers)
        terms: dict[str, Any] = {
            "amount": principal,
            "instalments": instalments,
            "annual_rate": Decimal(annual_rate),
            "options": options,
        }
        days = {"accepted_on": on, "disburse_on": on}
        waiting, _ = approve(None, loans.approval(**terms, limit=10**12), on, policy)
        opened, _ = accept(waiting, loans.acceptance(**terms, **days), on, policy)
        assert isinstance(opened, Loan)
        life = cls(policy, opened)
        life.confirm(on, opened.contract.payout)
        return life

    def _is(self, answer: tuple[Account, tuple[LoanEvent, ...]]) -> None:
        loan, told = answer
        assert isinstance(loan, Loan)
        self.loan = replace(loan, news=())
        self.told += told

    def confirm(self, on: date, amount: int, part: int = 0) -> None:
        """A payout is out: the first one, or a tranche."""
        order = disbursement_id_of(self.loan.id, 1, part)
        confirmed = loans.confirmation(self.loan.id, disbursement_id=order, amount=amount, value_date=on)
        self._is(payout.confirm(self.loan, confirmed, on, self.policy))

    def until(self, day: date) -> None:
        """Every business day until this one."""
        self._is(age(self.loan, day, self.policy))

    def pay(self, amount: int, on: date, intent: PaymentIntent | None = None, *, known_on: date | None = None) -> None:
        """Money comes in; known_on: the business day, if it is later than the value date."""
        self.until(known_on or on)
        self.payments += 1
        came = loans.payment(amount, f"pay_{self.payments}", loan_id=self.loan.id, value_date=on, intent=intent)
        self._is(payments.receive(self.loan, came, known_on or on, self.policy))

    def pay_off(self, on: date) -> int:
        """Exactly what repays everything; returns it."""
        self.until(on)
        walk = Walk(self.loan, self.policy)
        walk.advance(on)
        total = walk.payoff(on).total
        self.pay(total, on, PaymentIntent.PAY_OFF)
        return total

    def relieve(self, relief: Relief, on: date) -> None:
        """A restructure is agreed."""
        self.until(on)
        entry = Entry(
            f"relief_{on}", Kind.RELIEF, 0, self.loan.contract.currency, on, "", on, detail=relief.model_dump_json()
        )
        self._is(numbered(*carried_on(replace(self.loan, entries=(*self.loan.entries, entry)), on, self.policy)))

    def charge_off(self, on: date) -> None:
        """The loan is given up."""
        self.until(on)
        self._is(numbered(*charged_off(self.loan, on, self.policy, "by hand")))

    def as_of(self, day: date) -> Loan:
        """The loan as it is seen on a day."""
        walk = Walk(self.loan, self.policy)
        try:
            walk.advance(day)
        except Rederive:
            return self.derived(day)
        return walk.result(self.loan.entries)

    def derived(self, on: date) -> Loan:
        """The loan as it follows from its entries alone."""
        entries = [entry for entry in self.loan.entries if entry.undone_on is None and entry.channel != "small_balance"]
        walk = derived(self.loan, self.policy, entries)
        walk.advance(on)
        return walk.result(self.loan.entries)
