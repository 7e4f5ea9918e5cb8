-- Uninstalls and the installations, first installed within :return_ms after them, of the same
-- customer and OS: which of them is whose return is decided one for one. A copy whose install
-- nobody knows is no return: it may have been there all along.
, begun AS (
    SELECT i.id,
           i.customer,
           i.os,
           COALESCE(i.installed_instant, CASE WHEN i.origin = 'new' THEN i.first_row_instant END)
               AS returned_at
    FROM kept i
    WHERE i.first_received_at <= :as_of
)
SELECT d.id AS uninstall_id, d.instant AS left_at, b.id AS installation_id, b.returned_at
FROM departed d
JOIN begun b ON b.customer = d.customer AND b.os = d.os AND b.id <> d.installation_id
WHERE b.returned_at > d.instant
  AND b.returned_at <= d.instant + :return_ms
  AND b.returned_at <= :as_of
ORDER BY d.instant, d.id, b.returned_at, b.id
