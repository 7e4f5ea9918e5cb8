-- The installations that the vendor left out by their id, or by the version that is last known.
SELECT i.id
FROM exclusions x
JOIN installations i
  ON i.product_id = x.product_id AND i.uuid = x.installation_uuid AND NOT i.test
WHERE x.product_id = :product AND x.lifted_at IS NULL AND x.kind = 'installation'
UNION
SELECT i.id
FROM exclusions x
JOIN installations i ON i.product_id = x.product_id AND i.version = x.version AND NOT i.test
WHERE x.product_id = :product AND x.lifted_at IS NULL AND x.kind = 'version'
