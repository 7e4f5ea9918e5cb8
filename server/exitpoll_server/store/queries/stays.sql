-- Every installation known at :as_of by its longest silences, in whole days (FIGURES 2).
, used AS (
    -- One instant a day of use: noon, but not later than its first receipt, nor before the
    -- install. A day of 0 launches is a day on which the product ran.
    SELECT i.id AS installation_id,
           CASE
               WHEN i.installed_instant > l.at THEN i.installed_instant
               ELSE l.at
           END AS at
    FROM (
        SELECT installation_id,
               day,
               CASE
                   WHEN MIN(first_received_at) < day * 86400000 + 43200000
                       THEN MIN(first_received_at)
                   ELSE day * 86400000 + 43200000
               END AS at
        FROM launches
        WHERE dated = 1 AND first_received_at <= :as_of
        GROUP BY installation_id, day
    ) l
    JOIN installations i ON i.id = l.installation_id
    WHERE i.product_id = :product AND NOT i.test
),
begun AS (
    -- Where an update brought the agent, nothing was counted before: that was no silence.
    SELECT id AS installation_id,
           CASE
               WHEN origin <> 'new' AND counted_since > installed_instant THEN counted_since
               ELSE installed_instant
           END AS at
    FROM installations
    WHERE product_id = :product AND NOT test AND first_received_at <= :as_of
),
signs AS (
    SELECT installation_id, at FROM used WHERE at <= :as_of
    UNION ALL
    SELECT installation_id, at FROM begun WHERE at <= :as_of
),
silences AS (
    SELECT installation_id,
           at,
           LEAD(at) OVER (PARTITION BY installation_id ORDER BY at) - at AS silence
    FROM signs
),
lives AS (
    SELECT installation_id, MIN(at) AS first_at, MAX(at) AS last_at, MAX(silence) AS closed
    FROM silences
    GROUP BY installation_id
),
known AS (
    SELECT i.id,
           COALESCE(l.last_at, i.first_received_at) AS last_at,
           l.closed,
           c.instant AS left_at,
           c.answered,
           c.known_from,
           COALESCE(c.consent, '') = 'exit' AS known_by_leaving,
           c.id IS NULL AND i.censored_at <= :as_of AS censored,
           COALESCE(l.first_at, i.first_received_at) AS began_at
    FROM installations i
    LEFT JOIN lives l ON l.installation_id = i.id
    LEFT JOIN classed c ON c.installation_id = i.id
    WHERE i.product_id = :product AND NOT i.test
      AND i.first_received_at <= :as_of
      AND (c.id IS NULL OR c.id NOT IN :upgrades)
      -- Where only an answer is known, nobody has seen the installation itself.
      AND (c.id IS NOT NULL OR l.last_at IS NOT NULL
           OR EXISTS (SELECT 1 FROM counters k WHERE k.installation_id = i.id))
)
SELECT closed / 86400000 AS closed_days,
       -- On a tie between stopping and uninstalling the uninstall wins: a millisecond less.
       CASE
           WHEN left_at IS NULL THEN (:as_of - last_at) / 86400000
           ELSE (left_at - last_at - 1) / 86400000
       END AS open_days,
       left_at IS NOT NULL AS uninstalled,
       COALESCE(answered, FALSE) AS answered,
       known_from,
       known_by_leaving,
       COALESCE(censored, FALSE) AS censored,
       MIN(began_at) AS first_seen,
       COUNT(*) AS n
FROM known
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 1, 2, 3, 4, 5, 6, 7
