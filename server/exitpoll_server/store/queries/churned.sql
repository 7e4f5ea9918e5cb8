-- What is known of the installations in :ids, and how often they were launched by :as_of.
SELECT i.id, i.uuid, i.installed_version,
       (SELECT h.customer FROM history h
        WHERE h.installation_id = i.id AND h.received_at <= :as_of AND h.customer IS NOT NULL
        ORDER BY h.received_at DESC, h.id DESC LIMIT 1) AS customer,
       COALESCE(i.installed_instant, CASE WHEN i.origin = 'new' THEN i.first_row_instant END)
           AS began,
       (SELECT CAST(SUM(CASE WHEN c.total IS NULL OR c.total < c.rows_total
                        THEN c.rows_total ELSE c.total END) AS BIGINT)
        FROM (SELECT MAX(b.total) AS total, SUM(b.launches) AS rows_total
              FROM (SELECT k.id AS counter_id, k.launches_total AS total,
                           CAST(NULL AS BIGINT) AS launches
                    FROM counters k
                    WHERE k.installation_id = i.id AND k.first_received_at <= :as_of
                    UNION ALL
                    SELECT l.counter_id, NULL, l.launches
                    FROM launches l
                    WHERE l.installation_id = i.id AND l.first_received_at <= :as_of) b
              GROUP BY b.counter_id) c) AS launches
FROM installations i
WHERE i.id IN :ids
