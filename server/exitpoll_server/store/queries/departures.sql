-- The uninstall of each installation in :ids that stands at :as_of, one a lifetime. An uninstall
-- stands when it had occurred and been received, and no later ping had withdrawn it. What belongs
-- to it is looked up by index, row by row: joined to one another, such sets have no index, and
-- their product grows with the square. A day in milliseconds fits no INTEGER of PostgreSQL's.
WITH standing AS (
    SELECT u.*,
           i.installed_instant,
           i.uuid AS installation_uuid,
           ROW_NUMBER() OVER (PARTITION BY u.installation_id ORDER BY u.instant, u.id) AS nth
    FROM uninstalls u
    JOIN installations i ON i.id = u.installation_id
    WHERE i.id IN :ids
      AND u.first_received_at <= :as_of
      AND u.instant <= :as_of
      AND (u.withdrawn_at IS NULL OR u.withdrawn_at > :as_of)
),
departed AS (
    SELECT s.id,
           s.installation_id,
           s.installation_uuid,
           s.installed_instant,
           s.instant,
           s.consent,
           s.clock_offset,
           s.version,
           s.channel,
           s.edition,
           s.source,
           s.os,
           s.locale,
           s.attributes,
           s.customer,
           s.tenure_step,
           s.not_asked,
           s.asked AS offered,
           EXISTS (SELECT 1 FROM receipts r WHERE r.uninstall_id = s.id
                   AND r.channel = 'agent' AND r.first_received_at <= :as_of) AS by_agent,
           EXISTS (SELECT 1 FROM receipts r WHERE r.uninstall_id = s.id
                   AND r.channel = 'browser' AND r.first_received_at <= :as_of) AS by_browser,
           EXISTS (SELECT 1 FROM receipts r WHERE r.uninstall_id = s.id
                   AND r.channel = 'import' AND r.first_received_at <= :as_of) AS by_import,
           CASE
               WHEN s.consent = 'exit' THEN s.launches_step
               WHEN s.launches IS NOT NULL THEN s.launches
               -- Imported: of each counter its total, or its rows where they are more.
               -- PostgreSQL's sums are of a larger kind than what is summed.
               ELSE (SELECT CAST(SUM(CASE WHEN c.total IS NULL OR c.total < c.rows_total
                                     THEN c.rows_total ELSE c.total END) AS BIGINT)
                     FROM (SELECT MAX(b.total) AS total, SUM(b.launches) AS rows_total
                           FROM (SELECT k.id AS counter_id, k.launches_total AS total,
                                        CAST(NULL AS BIGINT) AS launches
                                 FROM counters k
                                 WHERE k.installation_id = s.installation_id
                                 UNION ALL
                                 SELECT l.counter_id, NULL, l.launches
                                 FROM launches l
                                 WHERE l.installation_id = s.installation_id) b
                           GROUP BY b.counter_id) c)
           END AS launches,
           s.instant - COALESCE(
               s.installed_instant,
               -- Of the rows known at :as_of: a launch heard of later began no life that had
               -- ended before. Noon of the first day, but not after its receipt, nor after
               -- the uninstall.
               (SELECT CASE
                           WHEN l.first_received_at < CAST(l.day AS BIGINT) * 86400000 + 43200000
                               THEN l.first_received_at
                           WHEN s.instant < CAST(l.day AS BIGINT) * 86400000 + 43200000 THEN s.instant
                           ELSE CAST(l.day AS BIGINT) * 86400000 + 43200000
                       END
                FROM launches l
                WHERE l.installation_id = s.installation_id AND l.dated = 1
                  AND l.first_received_at <= :as_of
                ORDER BY l.day, l.first_received_at LIMIT 1)
           ) AS tenure_ms,
           (SELECT MIN(w.opened_at) FROM showings w
            WHERE w.uninstall_id = s.id AND w.opened_at <= :as_of) AS opened_at,
           -- One response: of each field the last that is not empty. An imported answer names
           -- no uninstall, only the installation.
           (SELECT a.reason FROM answers a
            WHERE a.installation_id = s.installation_id AND a.reason IS NOT NULL
              AND (a.uninstall_id = s.id
                   OR (a.uninstall_id IS NULL AND a.received_at >= s.instant - :answer_ms))
              AND a.received_at <= :as_of AND a.received_at <= s.instant + :answer_ms
            ORDER BY a.received_at DESC, a.id DESC LIMIT 1) AS reason,
           (SELECT a.comment FROM answers a
            WHERE a.installation_id = s.installation_id AND a.comment IS NOT NULL
              AND (a.uninstall_id = s.id
                   OR (a.uninstall_id IS NULL AND a.received_at >= s.instant - :answer_ms))
              AND a.received_at <= :as_of AND a.received_at <= s.instant + :answer_ms
            ORDER BY a.received_at DESC, a.id DESC LIMIT 1) AS comment,
           (SELECT a.score FROM answers a
            WHERE a.installation_id = s.installation_id AND a.score IS NOT NULL
              AND (a.uninstall_id = s.id
                   OR (a.uninstall_id IS NULL AND a.received_at >= s.instant - :answer_ms))
              AND a.received_at <= :as_of AND a.received_at <= s.instant + :answer_ms
            ORDER BY a.received_at DESC, a.id DESC LIMIT 1) AS score,
           (SELECT a.follow_up FROM answers a
            WHERE a.installation_id = s.installation_id AND a.follow_up IS NOT NULL
              AND a.uninstall_id = s.id
              AND a.received_at <= :as_of AND a.received_at <= s.instant + :answer_ms
            ORDER BY a.received_at DESC, a.id DESC LIMIT 1) AS follow_up,
           EXISTS (SELECT 1 FROM answers a
                   WHERE a.installation_id = s.installation_id AND a.email IS NOT NULL
                     AND a.uninstall_id = s.id AND a.received_at <= :as_of) AS wants_answer,
           (SELECT COUNT(*) FROM answers a
            WHERE a.installation_id = s.installation_id
              AND (a.uninstall_id = s.id
                   OR (a.uninstall_id IS NULL AND a.received_at >= s.instant - :answer_ms))
              AND a.received_at <= :as_of AND a.received_at > s.instant + :answer_ms) AS late_answers
    FROM standing s
    WHERE s.nth = 1
)
SELECT d.*,
       CASE
           WHEN d.by_agent AND d.by_browser THEN 'both'
           WHEN d.by_agent THEN 'agent'
           WHEN d.by_browser THEN 'browser'
           WHEN d.by_import THEN 'import'
           ELSE 'link'
       END AS known_from,
       (d.reason IS NOT NULL OR d.comment IS NOT NULL OR d.score IS NOT NULL) AS answered,
       (d.offered = 'installer' OR d.opened_at IS NOT NULL OR d.reason IS NOT NULL
        OR d.comment IS NOT NULL OR d.score IS NOT NULL) AS asked
FROM departed d
ORDER BY d.installation_id
