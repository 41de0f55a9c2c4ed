"""apr.json: the worked examples of Regulation Z and of the European directives.

The flows are published as sentences; here they stand in figures, in cents.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial

from conformance.vector_cases import Case, Differences, differences, load
from lendstream.amortization import (
    BIWEEKLY,
    MONTHLY,
    WEEKLY,
    Conventions,
    Flow,
    Frequency,
    Method,
    Options,
    Terms,
    Unit,
    actuarial_rate,
    effective_rate,
    generate,
    unit_periods,
)

FILE = "apr"
QUARTERLY = Frequency(3)
WHOLE_TERM = Frequency(255, Unit.DAYS)

# Advance, day, first payment on, every, payments.
REG_Z = {
    "J(c)(1)(i)": (500_000, date(1978, 1, 10), date(1978, 2, 10), MONTHLY, [23_000] * 24),
    "J(c)(1)(ii)": (600_000, date(1978, 2, 10), date(1978, 4, 1), MONTHLY, [20_000] * 36),
    "J(c)(1)(iv)": (1_000_000, date(1978, 5, 23), date(1978, 10, 1), QUARTERLY, [38_500] * 40),
    "J(c)(1)(v)": (50_000, date(1978, 3, 20), date(1978, 4, 21), WEEKLY, [1_760] * 30),
    "J(c)(2)(i)": (500_000, date(1978, 1, 10), date(1978, 2, 10), MONTHLY, [25_000] + [23_000] * 23),
    "J(c)(3)(i)": (500_000, date(1978, 1, 10), date(1978, 2, 10), MONTHLY, [23_000] * 23 + [28_000]),
    "J(c)(3)(ii)": (20_000, date(1978, 4, 3), date(1978, 4, 11), BIWEEKLY, [950] * 19 + [3_000]),
    "J(c)(4)(i)": (500_000, date(1978, 1, 10), date(1978, 2, 10), MONTHLY, [25_000] + [23_000] * 22 + [28_000]),
    "J(c)(5)(i)": (100_000, date(1978, 1, 3), date(1978, 9, 15), WHOLE_TERM, [108_000]),
}


def _monthly(payment: int, delay: Fraction = Fraction(0)) -> list[tuple[int, Fraction]]:
    return [(payment, delay + Fraction(month, 12)) for month in range(1, 241)]


# Received, (paid, years after).
EU = {
    "EU 98/7 A.1": (100_000, [(120_000, Fraction(546, 365))]),
    "EU 98/7 A.3": (100_000, [(60_000, Fraction(1)), (60_000, Fraction(2))]),
    "EU 98/7 B.1": (100_000, [(120_000, Fraction(3, 2))]),
    "EU 98/7 B.2": (95_000, [(120_000, Fraction(3, 2))]),
    "EU 98/7 B.4": (100_000, [(27_200, Fraction(1, 4)), (27_200, Fraction(1, 2)), (54_400, Fraction(1))]),
    "EC2015 Ex1": (19_600_000, _monthly(143_286)),
    "EC2015 Ex2c1": (19_600_000, _monthly(143_357, Fraction(3, 365))),
    "EC2015 Ex3": (19_600_000, _monthly(144_953)),
    "EC2015 Ex4": (19_600_000, _monthly(159_953)),
    "EC2015 Ex5": (19_600_000, _monthly(149_018)),
    "EC2015 Ex6": (19_600_000, [*_monthly(143_286), (10_000, Fraction(20))]),
    "EC2015 Ex8": (19_600_000, [*_monthly(116_667), (20_000_000, Fraction(20))]),
}


def cases() -> Iterator[Case]:
    """All of them."""
    vectors = load(FILE)
    for case in vectors["reg_z"]:
        yield Case(FILE, case["ref"], partial(_check_reg_z, case))
    for case in vectors["eu"]:
        yield Case(FILE, case["ref"], partial(_check_eu, case))


def _check_reg_z(case: dict[str, str]) -> Differences:
    advance, on, first_due, frequency, payments = REG_Z[case["ref"]]
    # The engine's due dates: any loan of so many instalments has them.
    terms = Terms(
        principal=advance,
        annual_rate=Decimal(0),
        instalments=len(payments),
        method=Method.EQUAL_PRINCIPAL,
        disbursed_on=on,
        conventions=Conventions(frequency=frequency),
        options=Options(first_due=first_due),
    )
    times = [unit_periods(on, row.due_date, frequency) for row in generate(terms).instalments]
    flows = [Flow(paid, whole, odd) for paid, (whole, odd) in zip(payments, times, strict=True)]
    periods, of = terms.conventions.a_year
    rate = actuarial_rate([Flow(-advance, 0), *flows]) * periods / of
    found = differences("apr", case["expected_pct"], f"{rate * 100:.2f}")
    if "t" in case:
        found += differences("first unit periods", (case["t"], Fraction(case["f"])), times[0])
    return found


def _check_eu(case: dict[str, str]) -> Differences:
    received, paid = EU[case["ref"]]
    rate = effective_rate([(-received, Fraction(0)), *paid]) * 100
    places = -int(Decimal(case["expected_pct"]).as_tuple().exponent)
    return differences("apr", case["expected_pct"], f"{rate:.{places}f}")
