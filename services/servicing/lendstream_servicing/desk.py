"""Which command of an operator is answered by which rule."""

from functools import partial

from lendstream.runtime.decider import Route, Store
from lendstream_servicing.domain import asked, matching, operations
from lendstream_servicing.domain.loan import Account, Policy
from lendstream_servicing.domain.relief_policy import ReliefPolicy
from lendstream_servicing.handlers import answering, loan_of


def commands(store: Store[Account], policy: Policy, relief: ReliefPolicy) -> tuple[Route, ...]:
    """The table. Matching goes to two accounts: both take it, or neither."""
    by = answering(policy)
    return (
        Route(asked.Waive, store, loan_of, by(operations.waive)),
        Route(asked.Restructure, store, loan_of, by(partial(operations.restructure, relief))),
        Route(asked.UndoRestructure, store, loan_of, by(operations.undo_restructure)),
        Route(asked.RequestHardshipRelief, store, loan_of, by(partial(operations.request_hardship, relief))),
        Route(asked.ReversePayment, store, loan_of, by(operations.reverse_payment)),
        Route(asked.ChargeOff, store, loan_of, by(operations.charge_off)),
        Route(asked.DrawMoney, store, loan_of, by(operations.draw)),
        Route(asked.CancelTranche, store, loan_of, by(operations.cancel_tranche)),
        Route(asked.AskRefundAgain, store, loan_of, by(operations.refund_again)),
        Route(asked.MatchSuspense, store, loan_of, by(matching.release)),
        Route(asked.MatchSuspense, store, lambda command, _: command.target_id, by(matching.take)),
    )
