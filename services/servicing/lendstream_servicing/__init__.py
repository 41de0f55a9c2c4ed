"""Loans from opening to closing: schedules, payouts, payments, ageing."""
