"""The audit's rules, one module a part of the business."""

from lendstream_simulator.checks.applications import APPLICATION_CHECKS
from lendstream_simulator.checks.loans import LOAN_CHECKS
from lendstream_simulator.checks.messages import MESSAGE_CHECKS
from lendstream_simulator.checks.payments import PAYMENT_CHECKS
from lendstream_simulator.findings import Check

CHECKS: tuple[Check, ...] = (*APPLICATION_CHECKS, *LOAN_CHECKS, *PAYMENT_CHECKS, *MESSAGE_CHECKS)

__all__ = ["CHECKS"]
