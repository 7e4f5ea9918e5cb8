SELECT COUNT(*) AS n
FROM said a
JOIN departed d ON d.id = a.uninstall_id
WHERE a.received_at > a.instant + :answer_ms
  AND d.instant >= :start AND d.instant < :end AND d.id NOT IN :upgrades
