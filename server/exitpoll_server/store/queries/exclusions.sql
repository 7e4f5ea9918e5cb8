-- The times that the vendor put under quarantine.
SELECT x.from_at, x.to_at
FROM exclusions x
WHERE x.product_id = :product AND x.lifted_at IS NULL AND x.kind = 'quarantine'
