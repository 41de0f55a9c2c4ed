"""What can go wrong with the stack. Every message is one sentence a person can act on."""


class StackError(Exception):
    """The stack could not do what was asked; the message says why and what to do about it."""


class NotRunning(StackError):
    """Nothing runs where something was expected to."""
