"""numpy_financial.json: the time value of money, by schedules in units so small that rounding does not show.

Signs: the vectors count money paid out as negative; a schedule's amounts are all positive.
"""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from conformance.vector_cases import Case, Differences, load
from lendstream.amortization import (
    Conventions,
    Flow,
    Frequency,
    Instalment,
    Method,
    Options,
    Terms,
    actuarial_rate,
    generate,
    periods_needed,
    worth,
)

FILE = "numpy_financial"
SCALE = 10**30
START = date(2001, 1, 1)


def cases() -> Iterator[Case]:
    """All of them."""
    for case in load(FILE)["cases"]:
        yield Case(FILE, case["id"], partial(_check, case))


def _check(case: dict[str, Any]) -> Differences:
    got, expected = FUNCTIONS[case["function"]](case["args"]), Decimal(case["expected"])
    # Without a tolerance the case gives all its digits; half of the last one is what rounding may take.
    exponent = expected.as_tuple().exponent
    last = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0) / 2
    allowed = max(Decimal(case.get("atol", 0)), Decimal(case.get("rtol", 0)) * abs(expected), last)
    return [] if abs(got - expected) <= allowed else [f"expected {expected}, got {got}"]


def _rate(args: dict[str, Any]) -> tuple[Decimal, Frequency]:
    """The annual rate and period that make a rate like "0.08/12" exact."""
    annual, _, periods = args["rate"].partition("/")
    return Decimal(annual), Frequency(12 // int(periods or 1))


def _row(args: dict[str, Any]) -> Instalment:
    """The instalment of the loan `pv`; payments at the beginning of periods leave the first without interest."""
    rate, frequency = _rate(args)
    terms = Terms(
        principal=int(args["pv"]) * SCALE,
        annual_rate=rate,
        instalments=args["nper"],
        method=Method.EQUAL_INSTALMENT,
        disbursed_on=START,
        conventions=Conventions(frequency=frequency),
        options=Options(interest_free=1 if args.get("when") == "begin" else 0),
    )
    number = int(args.get("per", 1))
    return generate(terms).instalments[number - 1]


def _flows(args: dict[str, Any]) -> list[Flow]:
    """`pmt` at the end, or the beginning, of every period."""
    first = 0 if args.get("when") == "begin" else 1
    return [Flow(int(args["pmt"]), number) for number in range(first, args["nper"] + first)]


def _pmt(args: dict[str, Any]) -> Decimal:
    return -Decimal(_row(args).total) / SCALE


def _ppmt(args: dict[str, Any]) -> Decimal:
    return -Decimal(_row(args).principal) / SCALE


def _ipmt(args: dict[str, Any]) -> Decimal:
    return -Decimal(_row(args).interest) / SCALE


def _nper(args: dict[str, Any]) -> Decimal:
    rate = Decimal(args["rate"])
    payment = -int(args["pmt"]) * (1 + rate if args.get("when") == "begin" else 1)
    return periods_needed(int(args["pv"]), rate, int(payment), rest=-int(args["fv"]))


def _pv(args: dict[str, Any]) -> Decimal:
    return -worth(_flows(args), Decimal(args["rate"]))


def _fv(args: dict[str, Any]) -> Decimal:
    rate = Decimal(args["rate"])
    return -worth(_flows(args), rate) * (1 + rate) ** int(args["nper"])


def _solved_rate(args: dict[str, Any]) -> Decimal:
    return actuarial_rate([Flow(int(args["pv"]), 0), *_flows(args), Flow(int(args["fv"]), args["nper"])])


def _cashflows(args: dict[str, Any]) -> list[Flow]:
    return [Flow(int(Decimal(amount) * 100), number) for number, amount in enumerate(args["cashflows"])]


def _npv(args: dict[str, Any]) -> Decimal:
    return worth(_cashflows(args), Decimal(args["rate"])) / 100


def _irr(args: dict[str, Any]) -> Decimal:
    return actuarial_rate(_cashflows(args))


FUNCTIONS: dict[str, Callable[[dict[str, Any]], Decimal]] = {
    "pmt": _pmt,
    "ppmt": _ppmt,
    "ipmt": _ipmt,
    "nper": _nper,
    "pv": _pv,
    "fv": _fv,
    "rate": _solved_rate,
    "npv": _npv,
    "irr": _irr,
}
