SELECT COUNT(*) AS n
FROM departed d
JOIN answers a ON a.installation_id = d.installation_id
 AND (a.uninstall_id = d.id
      OR (a.uninstall_id IS NULL AND a.received_at >= d.instant - :answer_ms))
WHERE a.received_at <= :as_of AND a.received_at > d.instant + :answer_ms
  AND d.instant >= :start AND d.instant < :end AND d.id NOT IN :upgrades
