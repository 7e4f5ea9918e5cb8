SELECT COUNT(DISTINCT u.id) AS n
FROM uninstalls u
JOIN kept i ON i.id = u.installation_id
WHERE u.first_received_at <= :as_of AND u.withdrawn_at <= :as_of
  AND u.instant >= :start AND u.instant < :end
