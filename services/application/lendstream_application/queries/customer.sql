-- name: load(ids)
-- Customers, locked in the order of their ids.
SELECT customer_id, key_id, wrapped_key, master_key_id, ciphertext, language, consents, updated_at, erased_at
FROM customer
WHERE customer_id = ANY(:ids::uuid[])
ORDER BY customer_id
FOR UPDATE;

-- name: update(customer_id, key_id, wrapped_key, master_key_id, ciphertext, language, consents, updated_at, erased_at)!
UPDATE customer c
SET key_id = n.key_id, wrapped_key = n.wrapped_key, master_key_id = n.master_key_id, ciphertext = n.ciphertext,
    language = n.language, consents = n.consents, updated_at = n.updated_at, erased_at = n.erased_at
FROM unnest(:customer_id::uuid[], :key_id::uuid[], :wrapped_key::text[], :master_key_id::text[], :ciphertext::text[],
            :language::text[], :consents::jsonb[], :updated_at::timestamptz[], :erased_at::timestamptz[])
    AS n (customer_id, key_id, wrapped_key, master_key_id, ciphertext, language, consents, updated_at, erased_at)
WHERE c.customer_id = n.customer_id;
