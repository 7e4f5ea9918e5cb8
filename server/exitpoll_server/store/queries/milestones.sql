-- The milestones that arrive, with how many copies reached each, and the version of the first.
WITH reached AS (
    SELECT m.name, m.installation_id, m.first_received_at,
           COUNT(*) OVER (PARTITION BY m.name) AS installations,
           ROW_NUMBER() OVER (PARTITION BY m.name
                              ORDER BY m.first_received_at, m.installation_id) AS nth
    FROM installations i
    JOIN milestones m ON m.installation_id = i.id
    WHERE i.product_id = :product AND NOT i.test
)
SELECT r.name, r.installations,
       (SELECT h.version
        FROM history h
        WHERE h.installation_id = r.installation_id AND h.version IS NOT NULL
          AND h.received_at <= r.first_received_at
        ORDER BY h.received_at DESC, h.id DESC LIMIT 1) AS first_version
FROM reached r
WHERE r.nth = 1
ORDER BY r.installations DESC, r.name
LIMIT :most
