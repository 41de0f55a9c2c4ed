"""Lendstream's event contract, amortization, runtime and command line."""
