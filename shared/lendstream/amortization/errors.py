"""The one error of this package."""


class TermsError(ValueError):
    """Terms from which no schedule can be made: `field` names the culprit, the message says what it must be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
