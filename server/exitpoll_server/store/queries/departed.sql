-- Uninstalls of a product that stand at :as_of, one a lifetime; every query of departures
-- begins with these. An uninstall stands when it had occurred and been received, and no later
-- ping had withdrawn it.
WITH standing AS (
    SELECT u.*,
           i.installed_instant,
           ROW_NUMBER() OVER (PARTITION BY u.installation_id ORDER BY u.instant, u.id) AS nth
    FROM uninstalls u
    JOIN installations i ON i.id = u.installation_id
    WHERE i.product_id = :product
      AND NOT i.test
      AND u.first_received_at <= :as_of
      AND u.instant <= :as_of
      AND (u.withdrawn_at IS NULL OR u.withdrawn_at > :as_of)
),
heard AS (
    SELECT uninstall_id,
           MAX(CASE channel WHEN 'agent' THEN 1 ELSE 0 END) AS by_agent,
           MAX(CASE channel WHEN 'browser' THEN 1 ELSE 0 END) AS by_browser,
           MAX(CASE channel WHEN 'import' THEN 1 ELSE 0 END) AS by_import
    FROM receipts
    WHERE first_received_at <= :as_of
    GROUP BY uninstall_id
),
counted AS (
    -- What an agent says of its total, or its rows where they are more.
    SELECT installation_id,
           SUM(CASE WHEN total IS NULL OR total < rows_total THEN rows_total ELSE total END)
               AS launches
    FROM (
        SELECT c.installation_id,
               c.launches_total AS total,
               (SELECT SUM(l.launches) FROM launches l
                WHERE l.installation_id = c.installation_id AND l.counter_id = c.id) AS rows_total
        FROM counters c
        WHERE c.installation_id IN (SELECT installation_id FROM standing)
    ) per_counter
    GROUP BY installation_id
),
first_used AS (
    -- Of the rows known at :as_of: a launch heard of later began no life that had ended before.
    -- Noon of the first day, but not after its receipt, nor after the uninstall.
    SELECT s.id AS uninstall_id,
           (SELECT CASE
                       WHEN l.first_received_at < l.day * 86400000 + 43200000
                           THEN l.first_received_at
                       WHEN s.instant < l.day * 86400000 + 43200000 THEN s.instant
                       ELSE l.day * 86400000 + 43200000
                   END
            FROM launches l
            WHERE l.installation_id = s.installation_id AND l.dated = 1
              AND l.first_received_at <= :as_of
            ORDER BY l.day, l.first_received_at LIMIT 1) AS instant
    FROM standing s
),
said AS (
    SELECT s.id AS uninstall_id, s.instant, a.id, a.received_at, a.reason, a.comment, a.score
    FROM standing s
    JOIN answers a ON a.uninstall_id = s.id
    WHERE s.nth = 1 AND a.received_at <= :as_of
    UNION ALL
    -- An imported answer names no uninstall, only the installation.
    SELECT s.id, s.instant, a.id, a.received_at, a.reason, a.comment, a.score
    FROM standing s
    JOIN answers a ON a.installation_id = s.installation_id
    WHERE s.nth = 1 AND a.uninstall_id IS NULL
      AND a.received_at <= :as_of AND a.received_at >= s.instant - :answer_ms
),
ranked AS (
    SELECT said.*,
           ROW_NUMBER() OVER (
               PARTITION BY uninstall_id
               ORDER BY CASE WHEN reason IS NULL THEN 1 ELSE 0 END, received_at DESC, id DESC
           ) AS reason_rank,
           ROW_NUMBER() OVER (
               PARTITION BY uninstall_id
               ORDER BY CASE WHEN comment IS NULL THEN 1 ELSE 0 END, received_at DESC, id DESC
           ) AS comment_rank,
           ROW_NUMBER() OVER (
               PARTITION BY uninstall_id
               ORDER BY CASE WHEN score IS NULL THEN 1 ELSE 0 END, received_at DESC, id DESC
           ) AS score_rank
    FROM said
    WHERE received_at <= instant + :answer_ms
),
response AS (
    -- One an uninstall: of each field the last that is not empty.
    SELECT uninstall_id,
           MAX(CASE WHEN reason_rank = 1 THEN reason END) AS reason,
           MAX(CASE WHEN comment_rank = 1 THEN comment END) AS comment,
           MAX(CASE WHEN score_rank = 1 THEN score END) AS score
    FROM ranked
    GROUP BY uninstall_id
),
departed AS (
    SELECT s.id,
           s.installation_id,
           s.instant,
           s.consent,
           s.customer,
           s.version,
           s.locale,
           s.os,
           s.edition,
           s.tenure_step,
           CASE
               WHEN h.by_agent = 1 AND h.by_browser = 1 THEN 'both'
               WHEN h.by_agent = 1 THEN 'agent'
               WHEN h.by_browser = 1 THEN 'browser'
               WHEN h.by_import = 1 THEN 'import'
               ELSE 'link'
           END AS known_from,
           s.not_asked,
           s.asked AS offered,
           CASE
               WHEN s.consent = 'exit' THEN s.launches_step
               ELSE COALESCE(s.launches, c.launches)
           END AS launches,
           s.instant - COALESCE(s.installed_instant, f.instant) AS tenure_ms,
           (SELECT MIN(w.opened_at) FROM showings w
            WHERE w.uninstall_id = s.id AND w.opened_at <= :as_of) AS opened_at,
           a.reason,
           a.comment,
           a.score
    FROM standing s
    LEFT JOIN heard h ON h.uninstall_id = s.id
    LEFT JOIN first_used f ON f.uninstall_id = s.id
    LEFT JOIN counted c ON c.installation_id = s.installation_id
    LEFT JOIN response a ON a.uninstall_id = s.id
    WHERE s.nth = 1
),
classed AS (
    SELECT d.*,
           (d.reason IS NOT NULL OR d.comment IS NOT NULL OR d.score IS NOT NULL) AS answered,
           (d.offered = 'installer' OR d.opened_at IS NOT NULL OR d.reason IS NOT NULL
            OR d.comment IS NOT NULL OR d.score IS NOT NULL) AS asked,
           CASE
               WHEN d.launches = 0 THEN 'never_launched'
               -- Under consent `exit` only the lower end of a step is known.
               WHEN d.tenure_step >= 168 AND d.tenure_step * 3600000 <= :trial_ms + 259200000
                   THEN 'unknown'
               WHEN COALESCE(d.tenure_ms, d.tenure_step * 3600000) IS NULL THEN 'unknown'
               WHEN COALESCE(d.tenure_ms, d.tenure_step * 3600000) < 3600000 THEN 'first_hour'
               WHEN COALESCE(d.tenure_ms, d.tenure_step * 3600000) < 86400000 THEN 'first_day'
               WHEN COALESCE(d.tenure_ms, d.tenure_step * 3600000) < 604800000 THEN 'first_week'
               WHEN d.tenure_ms < :trial_ms - 259200000 THEN 'in_trial'
               WHEN d.tenure_ms <= :trial_ms + 259200000 THEN 'trial_end'
               ELSE 'later'
           END AS left_when
    FROM departed d
)
