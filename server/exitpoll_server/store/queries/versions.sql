-- The versions that launches name by number.
SELECT v.id, v.name
FROM versions v
WHERE v.product_id = :product
ORDER BY v.id
