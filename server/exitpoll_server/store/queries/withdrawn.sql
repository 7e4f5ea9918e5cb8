-- The installations of uninstalls that a later ping had withdrawn, one row each. SQLite takes a CROSS
-- JOIN in its order: withdrawn are few, and installations many.
SELECT u.installation_id
FROM uninstalls u
CROSS JOIN kept i
WHERE i.id = u.installation_id
  AND u.first_received_at <= :as_of AND u.withdrawn_at <= :as_of
  AND u.instant >= :start AND u.instant < :end
