"""Terms in, schedule out."""

from .dates import monthly
from .methods import SPLIT
from .rounding import DIVIDE
from .schedule import Instalment, Schedule
from .terms import Terms

ENGINE = "1"
"""Changes when the same terms would give another schedule; stored with every schedule."""


def generate(terms: Terms) -> Schedule:
    """The schedule of these terms: the same terms always give the same schedule."""
    count = terms.instalments
    rate, parts_of_rate = terms.annual_rate.as_integer_ratio()
    factors, unit = [rate] * count, parts_of_rate * 12
    principals, interests = SPLIT[terms.method](terms.principal, factors, unit, DIVIDE[terms.rounding])
    balance = terms.principal
    rows = []
    for number, due in enumerate(monthly(terms.disbursed_on, count), 1):
        balance -= principals[number - 1]
        rows.append(
            Instalment(number, due, principals[number - 1], interests[number - 1], terms.instalment_fee, balance)
        )
    return Schedule(terms, tuple(rows), ENGINE)
