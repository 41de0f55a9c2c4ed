-- Interest by the day on what is really owed: what the running period earns more if the overdue stays unpaid.
ALTER TABLE loan ADD COLUMN late_interest bigint NOT NULL DEFAULT 0;
