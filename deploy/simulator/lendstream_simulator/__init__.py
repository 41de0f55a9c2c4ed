"""The outside world for demos and tests: partners, bank, mail server, SMS gateway, borrowers."""
