"""What is shown of the books. Amounts are minor units of the row's currency."""

from datetime import date
from uuid import UUID

from lendstream_servicing.views import View


class TrialBalanceRow(View):
    """One account of one product (试算平衡表)."""

    account: str
    """The account's number in the chart."""
    name_zh: str
    """Its name in Chinese; empty where the present chart does not have it any more."""
    name_en: str
    type: str
    """asset, liability, income, expense or contra; unknown where the present chart does not have it."""
    product: str | None
    """The product's code; null for journals that are about none, such as money for an unknown loan."""
    currency: str
    debit: int
    """All debits so far."""
    credit: int
    """All credits so far."""
    balance: int
    """Debits less credits: positive for a debit balance."""


class CurrencySum(View):
    """The sum over all accounts of a currency."""

    currency: str
    debit: int
    credit: int
    difference: int
    """Debits less credits: 0, or the books are broken."""


class TrialBalance(View):
    """Every account's turnover and balance."""

    balanced: bool
    """Whether debits are credits in every currency."""
    sums: list[CurrencySum]
    rows: list[TrialBalanceRow]


class LoanDifference(View):
    """A loan whose book does not say what it owes."""

    loan_id: UUID
    status: str | None
    """The loan's status; null where there is a book and no loan."""
    product: str | None
    currency: str
    loan: int
    """Principal that the loan owes in the books' sense: of an active loan what is outstanding, else 0."""
    ledger: int
    """Principal by its book."""
    difference: int
    """Ledger less loan."""


class ProductDifference(View):
    """An account of a product that does not say what its loans make it."""

    account: str
    """Its role: interest_receivable, fee_receivable, unearned_interest or loan_loss_allowance."""
    product: str
    currency: str
    loans: int
    """What the loans make it, debits less credits."""
    ledger: int
    """What the books say."""
    difference: int
    """Ledger less loans."""


class Reconciliation(View):
    """The loans against the books (总分核对)."""

    as_of: date | None
    """The last closed day, at whose end the accounts by product are compared; null before the first close."""
    agreed: bool
    loans: int
    """Loans compared."""
    loan_differences: list[LoanDifference]
    """At most 1,000 of them, by loan."""
    loan_differences_found: int
    product_differences: list[ProductDifference]


class BookBreak(View):
    """The first place at which a book does not hold."""

    book: str
    number: int
    """The journal at which it shows."""
    reason: str
    """gap, changed, unbalanced; head: the book ends elsewhere than it is known to."""
    detail: str


class TotalDifference(View):
    """A running total that is not the sum of its journals."""

    product: str | None
    currency: str
    account: str
    total: int
    """The balance that is kept, debits less credits."""
    journals: int
    """The sum of the journals."""


class Verification(View):
    """Whether the past of the books is what was published."""

    sound: bool
    books: int
    journals: int
    breaks: list[BookBreak]
    """The first break of each book that has one; at most 1,000 of them."""
    breaks_found: int
    """Books that have one."""
    total_differences: list[TotalDifference]
