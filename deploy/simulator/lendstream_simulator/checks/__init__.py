"""The audit's rules, one module a part of the business."""

from lendstream_simulator.checks.applications import APPLICATION_CHECKS
from lendstream_simulator.checks.corrections import CORRECTION_RULES
from lendstream_simulator.checks.debits import DEBIT_RULES
from lendstream_simulator.checks.ledger import LEDGER_RULES
from lendstream_simulator.checks.loans import LOAN_CHECKS
from lendstream_simulator.checks.messages import MESSAGE_CHECKS
from lendstream_simulator.checks.owed import OWED_RULES
from lendstream_simulator.checks.payments import PAYMENT_CHECKS
from lendstream_simulator.checks.refunds import REFUND_RULES
from lendstream_simulator.findings import Rule

RULES: tuple[Rule, ...] = (
    *map(Rule, (*APPLICATION_CHECKS, *LOAN_CHECKS, *PAYMENT_CHECKS, *MESSAGE_CHECKS)),
    *OWED_RULES,
    *CORRECTION_RULES,
    *DEBIT_RULES,
    *REFUND_RULES,
    *LEDGER_RULES,
)

__all__ = ["RULES"]
