"""The worker decides on products that are out of the ordinary, on a real broker."""

from integration.risk.workers import Workers
from lendstream.events.decision import Outcome
from lendstream.events.intake import EmploymentStatus, LoanOptions
from support.risk import applicant, bureau, opened, ready
from support.waiting import until

ORDER = LoanOptions(order_reference="ORDER-1")


async def test_every_kind_of_product_is_decided(workers: Workers) -> None:
    await workers.make().started()
    trader = applicant(record=bureau(), employment_status=EmploymentStatus.SELF_EMPLOYED)
    student = applicant(20, employment_status=EmploymentStatus.STUDENT, employment_months=0)
    approved = [
        ready(product="payday-bullet", amount=200_000, instalments=14),
        ready(product="first-loan", amount=200_000, instalments=6, options=LoanOptions(due_day=10)),
        ready(product="education-study", amount=800_000, instalments=24, options=ORDER, applicant=student),
        ready(product="farmer-seasonal", amount=800_000, instalments=12, applicant=trader),
        ready(product="travel", amount=800_000, instalments=13, options=ORDER),
        ready(product="income-based", amount=500_000, instalments=24, options=LoanOptions(income=600_000)),
        ready(product="scenario-card", amount=100_000, instalments=3, options=ORDER, partner="city-cinema"),
    ]
    declined = {
        "REPEAT_CUSTOMERS_ONLY": ready(product="repeat-loan", amount=200_000, instalments=6),
        "PARTNER_NOT_ALLOWED": ready(product="scenario-card", amount=100_000, instalments=3, options=ORDER),
        "OPTIONS_NOT_OFFERED": ready(options=LoanOptions(coupon="NOWHERE")),
    }
    await workers.publish(*approved, *declined.values())
    for asked in approved:
        (decision,) = await workers.decided(asked)
        assert decision.outcome is Outcome.APPROVED, decision
        assert decision.terms
        assert decision.terms.options == asked.options
        assert decision.policy_version == 2
    for code, asked in declined.items():
        (decision,) = await workers.decided(asked)
        assert [reason.code for reason in decision.reasons] == [code]


async def test_a_line_counts_with_its_limit_after_it_is_opened(workers: Workers) -> None:
    await workers.make().started()
    line = ready(product="credit-line", amount=300_000)
    await workers.publish(line)
    (decided,) = await workers.decided(line)
    assert decided.terms
    limit = decided.terms.limit
    await workers.publish(opened(decided).model_copy(update={"limit": limit}))

    async def counted() -> bool:
        asked = ready(customer_id=line.customer_id, amount=50_000)
        await workers.publish(asked)
        (decision,) = await workers.decided(asked)
        return decision.position.exposure >= limit > 300_000

    await until(counted, "the whole limit counts")
