-- Schedules change and payments bounce: plans know what was charged and paid, and which due date a reminder is about.

-- Of a plan of before, only what was left is known: that counts as charged, and what is taken back is owed on top.
UPDATE plan SET
    instalments = coalesce(
        (SELECT jsonb_agg(each || '[0, null]'::jsonb ORDER BY place)
         FROM jsonb_array_elements(instalments) WITH ORDINALITY AS x (each, place)), '[]'),
    reminders = coalesce(
        (SELECT jsonb_agg(each || jsonb_build_array(
             (SELECT i -> 1 FROM jsonb_array_elements(instalments) AS i WHERE i -> 0 = each -> 0), 1) ORDER BY place)
         FROM jsonb_array_elements(reminders) WITH ORDINALITY AS x (each, place)), '[]');

ALTER TABLE plan
    ADD COLUMN charged_off boolean NOT NULL DEFAULT false,
    ADD COLUMN told jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN told_on date,
    ADD COLUMN unplaced jsonb NOT NULL DEFAULT '{}';
ALTER TABLE plan
    ALTER COLUMN charged_off DROP DEFAULT,
    ALTER COLUMN told DROP DEFAULT,
    ALTER COLUMN unplaced DROP DEFAULT;

ALTER TABLE message
    ADD COLUMN due_date date,  -- of a reminder: the due date that it is about
    ADD COLUMN facts jsonb;    -- what happened, where the message tells of that: amounts, days, numbers, words
