-- The installations of uninstalls that a later ping had withdrawn, one row each.
SELECT u.installation_id
FROM uninstalls u
JOIN kept i ON i.id = u.installation_id
WHERE u.first_received_at <= :as_of AND u.withdrawn_at <= :as_of
  AND u.instant >= :start AND u.instant < :end
