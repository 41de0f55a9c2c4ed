"""The rules of intake, customers and offers: pure functions on frozen values."""
