-- Uninstalls and the installations, first installed within :return_ms after them, of the same
-- customer and OS: which of them is whose return is decided one for one. A copy whose install
-- nobody knows is no return: it may have been there all along. SQLite takes CROSS JOINs in their
-- order: uninstalls of customers are few, and installations many.
, begun AS (
    SELECT i.id,
           i.customer,
           i.os,
           COALESCE(i.installed_instant, CASE WHEN i.origin = 'new' THEN i.first_row_instant END)
               AS returned_at
    FROM kept i
    WHERE i.first_received_at <= :as_of
)
SELECT u.id AS uninstall_id, u.instant AS left_at, b.id AS installation_id, b.returned_at
FROM uninstalls u
CROSS JOIN kept i
CROSS JOIN begun b
WHERE u.customer IS NOT NULL
  AND i.id = u.installation_id
  AND b.customer = u.customer AND b.os = u.os AND b.id <> u.installation_id
  AND u.first_received_at <= :as_of
  AND u.instant <= :as_of
  AND (u.withdrawn_at IS NULL OR u.withdrawn_at > :as_of)
  AND b.returned_at > u.instant
  AND b.returned_at <= u.instant + :return_ms
  AND b.returned_at <= :as_of
ORDER BY u.instant, u.id, b.returned_at, b.id
