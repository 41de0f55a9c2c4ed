"""What a product makes of a loan: its price, its terms, its schedule."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import cycle, islice

from ..amortization import (
    ContingentCost,
    Conventions,
    Fee,
    IsWorkingDay,
    Options,
    Schedule,
    Subsidy,
    Terms,
    TermsError,
    Tranche,
    When,
    generate,
)
from ..amortization.rounding import rounded
from ..events.intake import LoanOptions
from .choices import income_of, option_faults
from .coupon import Coupons, load_coupons
from .fields import (
    CustomerHistory,
    Recipient,
    Segment,
)
from .product_file import ProductFile
from .working_days import working_days


class Product(ProductFile):
    """One version of one product; a loan keeps the version it was opened with."""

    def rate(self, history: CustomerHistory, segment: Segment) -> Decimal:
        """The nominal annual rate for such a customer."""
        return self.annual_rate.of(history, segment)

    def upfront_fee(self, principal: int) -> int:
        """Everything that is kept from the payout of so many minor units."""
        total = rounded(Fraction(self.upfront_fee_rate) * principal, self.rounding)
        for fee in self.fees:
            if fee.when is When.OPENING:
                total += fee.amount + rounded(Fraction(fee.rate) * principal, self.rounding)
        return total

    def contingent_costs(self) -> tuple[ContingentCost, ...]:
        """What paying late or early would cost, for the disclosure."""
        overdue = "principal" if not self.penalty_on_interest else "principal and interest"
        costs = [ContingentCost("penalty", annual_rate=self.penalty_annual_rate, basis=f"overdue {overdue}")]
        if self.late_fee or self.late_fee_rate:
            on = "principal and interest" if self.late_fee_on_interest else "principal"
            basis = f"overdue {on}" if self.late_fee_rate else ""
            costs.insert(0, ContingentCost("late_fee", self.late_fee, rate=self.late_fee_rate, basis=basis))
        if self.prepayment_fee_rate:
            fee = ContingentCost("prepayment_fee", rate=self.prepayment_fee_rate, basis="principal repaid early")
            costs.insert(0, fee)
        return tuple(costs)

    def terms(
        self,
        principal: int,
        instalments: int,
        annual_rate: Decimal,
        disbursed_on: date,
        *,
        due_day: int | None = None,
        income: int | None = None,
        tranches: tuple[Tranche, ...] = (),
        coupons: tuple[Subsidy, ...] = (),
    ) -> Terms:
        """The terms of one loan of this product.

        due_day: the customer's choice of the day of the month. income: what an income-based product needs, for a
        period, minor units. tranches: payouts after the first. coupons: interest borne beside the product's own
        subsidies. Raises TermsError if the amount is outside the product's limits, the tenor is not on offer, or
        the product does not allow the rest.
        """
        if not self.amount.min <= principal <= self.amount.max:
            raise TermsError("principal", f"{self.code} lends {self.amount.min} to {self.amount.max}, not {principal}")
        if instalments not in self.tenors:
            offered = ", ".join(map(str, self.tenors))
            raise TermsError("instalments", f"{self.code} offers {offered}, not {instalments}")
        if len(tranches) >= self.tranches_max:
            raise TermsError("tranches", f"{self.code} is paid out {self.tranches_max} times at most")
        if self.income is None and income is not None:
            raise TermsError("income", f"{self.code} does not follow the income")
        options = self._options
        share = self.balloon.share if self.balloon else None
        if due_day is not None or income is not None or tranches or coupons or self.season or share:
            options = replace(
                options,
                due_day=due_day,
                income=self.income.of(income) if self.income and income is not None else None,
                tranches=tranches,
                subsidies=options.subsidies + coupons,
                balloon=rounded(Fraction(share or 0) * principal, self.rounding),
                steps=tuple(islice(cycle(self.season), instalments)),
            )
        return Terms(principal, annual_rate, instalments, self.method, disbursed_on, self._conventions, options)

    def terms_for(
        self,
        principal: int,
        instalments: int,
        annual_rate: Decimal,
        disbursed_on: date,
        options: LoanOptions | None = None,
        declared_income: int | None = None,
        *,
        asked_on: date | None = None,
        coupons: Coupons | None = None,
    ) -> Terms:
        """The terms of one loan of this product with what the customer chose: the one way from a choice to terms.

        options: the customer's choice, None for none. declared_income: a month, minor units, for a product that
        follows the income, unless the options name it. asked_on: the business day of the application, on which a
        coupon must be valid; None: it was looked at then. coupons: None for those that are shipped.
        Raises TermsError, its field the one at fault: of the options, or principal, instalments, annual_rate.
        """
        if options is None and self.asks_for_nothing:
            return self.terms(principal, instalments, annual_rate, disbursed_on)
        known = load_coupons() if coupons is None else coupons
        chosen = LoanOptions() if options is None else options
        for fault in option_faults(self, principal, chosen, declared_income, disbursed_on, asked_on, known):
            raise TermsError(fault.field, f"{fault.message} {fault.fix}")
        return self.terms(
            principal,
            instalments,
            annual_rate,
            disbursed_on,
            due_day=chosen.due_day,
            income=income_of(self, chosen, declared_income),
            tranches=tuple(Tranche(each.on, each.amount) for each in chosen.tranches),
            coupons=(known[chosen.coupon].subsidy(),) if chosen.coupon else (),
        )

    def schedule_for(
        self,
        principal: int,
        instalments: int,
        annual_rate: Decimal,
        disbursed_on: date,
        options: LoanOptions | None = None,
        declared_income: int | None = None,
        *,
        asked_on: date | None = None,
        coupons: Coupons | None = None,
    ) -> Schedule:
        """The schedule of `terms_for`, on the product's calendar of working days: offers, decisions and loans call it.

        Raises TermsError.
        """
        terms = self.terms_for(
            principal,
            instalments,
            annual_rate,
            disbursed_on,
            options,
            declared_income,
            asked_on=asked_on,
            coupons=coupons,
        )
        return generate(terms, self.is_working_day)

    def settled_options(self, options: LoanOptions | None, declared_income: int) -> LoanOptions | None:
        """The options with what follows from other declarations: the income of a period, for who follows it.

        declared_income: a month, minor units. What is settled once is passed on, so that nobody settles it otherwise.
        """
        if self.income is None:
            return options
        chosen = LoanOptions() if options is None else options
        return chosen.model_copy(update={"income": income_of(self, chosen, declared_income)})

    @property
    def lowest_rate(self) -> Decimal:
        """The best nominal annual rate of the customers whom it is for."""
        return min(self.rate(history, segment) for history in self.customers for segment in Segment)

    @property
    def highest_rate(self) -> Decimal:
        """The dearest nominal annual rate of the customers whom it is for."""
        return max(self.rate(history, segment) for history in self.customers for segment in Segment)

    @property
    def days_of_a_period(self) -> int:
        """Days between two instalments; a month has thirty."""
        return self._conventions.frequency.days

    @property
    def is_working_day(self) -> IsWorkingDay | None:
        """The calendar that due dates are shifted by; None for a product that shifts none."""
        return working_days(self.timing.country) if self._conventions.shifts else None

    @cached_property
    def asks_for_nothing(self) -> bool:
        """Whether a loan can be made without any option."""
        return self.income is None and self.payout_to is Recipient.CUSTOMER

    @cached_property
    def _conventions(self) -> Conventions:
        return self.timing.conventions(self.rounding)

    @cached_property
    def _options(self) -> Options:
        """What all loans of the product have in common."""
        fees = [fee.fee() for fee in self.fees]
        if self.instalment_fee:
            fees.insert(0, Fee("service", When.INSTALMENT, amount=self.instalment_fee))
        if self.upfront_fee_rate:
            fees.insert(0, Fee("upfront", When.OPENING, rate=self.upfront_fee_rate))
        return Options(
            product=f"{self.code}@{self.version}",
            principal_grace=self.grace.principal,
            interest_grace=self.grace.interest,
            interest_free=self.grace.interest_free,
            amortised_over=self.balloon.amortised_over or 0 if self.balloon else 0,
            down_payment=self.down_payment,
            fees=tuple(fees),
            subsidies=tuple(rule.subsidy() for rule in self.subsidies),
        )
