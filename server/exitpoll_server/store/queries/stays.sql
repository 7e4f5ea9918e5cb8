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
                   WHEN MIN(first_received_at) < CAST(day AS BIGINT) * 86400000 + 43200000
                       THEN MIN(first_received_at)
                   ELSE CAST(day AS BIGINT) * 86400000 + 43200000
               END AS at
        FROM launches
        WHERE dated = 1 AND first_received_at <= :as_of
        GROUP BY installation_id, day
    ) l
    JOIN kept i ON i.id = l.installation_id
),
begun AS (
    -- Where an update brought the agent, nothing was counted before: that was no silence.
    SELECT id AS installation_id,
           CASE
               WHEN origin <> 'new' AND counted_since > installed_instant THEN counted_since
               ELSE installed_instant
           END AS at
    FROM kept
    WHERE first_received_at <= :as_of
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
told AS (
    -- Put one below the other and grouped, not joined: neither set has an index.
    SELECT id AS installation_id,
           first_received_at AS heard_at,
           censored_at,
           CAST(NULL AS BIGINT) AS first_at,
           CAST(NULL AS BIGINT) AS last_at,
           CAST(NULL AS BIGINT) AS closed,
           CAST(NULL AS BIGINT) AS uninstall_id,
           CAST(NULL AS BIGINT) AS left_at,
           CAST(NULL AS INTEGER) AS answered,
           CAST(NULL AS VARCHAR) AS known_from,
           CAST(NULL AS VARCHAR) AS consent
    FROM kept
    WHERE first_received_at <= :as_of
    UNION ALL
    SELECT installation_id, NULL, NULL, first_at, last_at, closed, NULL, NULL, NULL, NULL, NULL
    FROM lives
    UNION ALL
    SELECT installation_id, NULL, NULL, NULL, NULL, NULL, id, instant,
           CASE WHEN answered THEN 1 ELSE 0 END, known_from, consent
    FROM classed
),
known AS (
    SELECT installation_id,
           MAX(heard_at) AS heard_at,
           MAX(censored_at) AS censored_at,
           MAX(first_at) AS first_at,
           MAX(last_at) AS last_at,
           MAX(closed) AS closed,
           MAX(uninstall_id) AS uninstall_id,
           MAX(left_at) AS left_at,
           MAX(answered) AS answered,
           MAX(known_from) AS known_from,
           MAX(consent) AS consent
    FROM told
    GROUP BY installation_id
),
counted AS (
    SELECT closed,
           COALESCE(last_at, heard_at) AS last_at,
           left_at,
           COALESCE(answered, 0) = 1 AS answered,
           known_from,
           COALESCE(consent, '') = 'exit' AS known_by_leaving,
           uninstall_id IS NULL AND COALESCE(censored_at <= :as_of, FALSE) AS censored,
           COALESCE(first_at, heard_at) AS began_at
    FROM known
    WHERE heard_at IS NOT NULL
      AND (uninstall_id IS NULL OR uninstall_id NOT IN :upgrades)
      -- Where only an answer is known, nobody has seen the installation itself.
      AND (uninstall_id IS NOT NULL OR last_at IS NOT NULL
           OR EXISTS (SELECT 1 FROM counters k WHERE k.installation_id = known.installation_id))
)
SELECT closed / 86400000 AS closed_days,
       -- On a tie between stopping and uninstalling the uninstall wins: a millisecond less.
       CASE
           WHEN left_at IS NULL THEN (:as_of - last_at) / 86400000
           ELSE (left_at - last_at - 1) / 86400000
       END AS open_days,
       left_at IS NOT NULL AS uninstalled,
       answered,
       known_from,
       known_by_leaving,
       censored,
       MIN(began_at) AS first_seen,
       COUNT(*) AS n
FROM counted
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 1, 2, 3, 4, 5, 6, 7
