-- What is known of the installations in :ids, and how often they were launched by :as_of.
SELECT i.id, i.uuid, i.installed_version, i.version, i.channel, i.edition, i.source, i.os, i.locale,
       i.customer, i.attributes,
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
