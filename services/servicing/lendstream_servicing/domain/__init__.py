"""The rules of a loan's life: pure functions on frozen values.

Each answers one event, `(account, event, today, policy) -> (account, events)`: no I/O, no clock. Amounts are minor
units of the loan's currency.
"""
