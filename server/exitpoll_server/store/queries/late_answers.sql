SELECT COUNT(*) AS n
FROM answers a
JOIN classed d ON d.id = a.uninstall_id
WHERE a.received_at <= :as_of AND a.received_at > d.instant + :answer_ms
  AND d.instant >= :start AND d.instant < :end AND d.id NOT IN :upgrades
