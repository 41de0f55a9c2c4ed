"""Reminders and financial education by mail and text, once each."""
