-- name: load_contacts(ids)
-- Lock the customers' rows in the order of their ids.
SELECT customer_id, profile_key_id, ciphertext, language, consents::text AS consents, profile_updated_at,
    key_id, wrapped_key, master_key_id, profile_erased, key_erased, articles
FROM contact
WHERE customer_id = ANY(:ids::uuid[])
ORDER BY customer_id
FOR UPDATE;

-- name: read_contacts(ids)
-- The same without locks, for the sender.
SELECT customer_id, profile_key_id, ciphertext, language, consents::text AS consents, profile_updated_at,
    key_id, wrapped_key, master_key_id, profile_erased, key_erased, articles
FROM contact
WHERE customer_id = ANY(:ids::uuid[]);

-- name: save_contacts(rows)!
-- The rows come as one JSON array of objects, named like the columns.
INSERT INTO contact SELECT * FROM jsonb_populate_recordset(null::contact, :rows::jsonb)
ON CONFLICT (customer_id) DO UPDATE SET
    profile_key_id = excluded.profile_key_id, ciphertext = excluded.ciphertext, language = excluded.language,
    consents = excluded.consents, profile_updated_at = excluded.profile_updated_at,
    key_id = excluded.key_id, wrapped_key = excluded.wrapped_key, master_key_id = excluded.master_key_id,
    profile_erased = excluded.profile_erased, key_erased = excluded.key_erased, articles = excluded.articles;
