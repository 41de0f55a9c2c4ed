"""The rules of notifications: what is planned, what is cancelled, what is sent where, and what became of it. Pure."""
