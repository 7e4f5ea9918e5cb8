SELECT COUNT(DISTINCT u.id) AS n
FROM uninstalls u
JOIN installations i ON i.id = u.installation_id
WHERE i.product_id = :product AND NOT i.test
  AND u.first_received_at <= :as_of AND u.withdrawn_at <= :as_of
  AND u.instant >= :start AND u.instant < :end
