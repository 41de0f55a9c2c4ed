"""The rules: what risk knows of a customer, and what it answers. Pure; no clock, no Kafka."""
