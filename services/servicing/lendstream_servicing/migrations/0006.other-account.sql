-- The account that is paid out to, where the one agreed could not be.
ALTER TABLE loan ADD COLUMN pays_to text;
