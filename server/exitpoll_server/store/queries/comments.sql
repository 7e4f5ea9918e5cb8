-- The comments of the uninstalls in :ids: the last that is not empty, within the week. An imported
-- answer names no uninstall, only the installation.
SELECT u.id,
       i.uuid,
       (SELECT a.comment FROM answers a
        WHERE a.installation_id = u.installation_id AND a.comment IS NOT NULL
          AND (a.uninstall_id = u.id
               OR (a.uninstall_id IS NULL AND a.received_at >= u.instant - :answer_ms))
          AND a.received_at <= :as_of AND a.received_at <= u.instant + :answer_ms
        ORDER BY a.received_at DESC, a.id DESC LIMIT 1) AS comment
FROM uninstalls u
JOIN installations i ON i.id = u.installation_id
WHERE u.id IN :ids
