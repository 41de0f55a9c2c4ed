-- The token of the account to collect from on due days; null: the customer pays by himself.
ALTER TABLE application ADD COLUMN debit_account text;
