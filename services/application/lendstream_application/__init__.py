"""Intake, customers, offers and reviews: what stands between partners and decisions."""
