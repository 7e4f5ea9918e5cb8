-- The installations of a product that reports read: no rehearsals, and nothing that the vendor has
-- left out. Not materialized, it is a condition of each query, and indexes serve as ever.
WITH kept AS NOT MATERIALIZED (
    SELECT i.*
    FROM installations i
    WHERE i.product_id = :product
      AND NOT i.test
      AND NOT EXISTS (SELECT 1 FROM exclusions x
                      WHERE x.product_id = :product AND x.lifted_at IS NULL
                        AND ((i.first_received_at >= x.from_at AND i.first_received_at < x.to_at)
                             OR i.uuid = x.installation_uuid
                             OR i.version = x.version))
)
