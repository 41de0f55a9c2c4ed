"""What every service with a database runs on.

A service's rules are plain functions `(state, event, context) -> Decision(state, events)`: see
`lendstream.runtime.decider` for that contract. The rest of this package carries records to them and their
results away, in batches, losing and doubling nothing:

- `consumer`: takes batches from Kafka, commits offsets after the database has committed
- `unit_of_work`: inbox, load, decide, save, outbox, in one transaction
- `relay`: publishes the outbox in order
- `days`: walks all aggregates through a business day, in chunks
- `commands`: the same unit of work behind HTTP, with Idempotency-Key
- `service`: the life of a process: start, probes, graceful stop
"""
