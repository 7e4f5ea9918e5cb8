-- Who, a month ago or earlier, chose one of the :reasons that had an offer in the versions :versions of
-- the survey, where it was drawn by lot whether to show it.
SELECT u.id,
       u.installation_id,
       w.survey_version,
       w.held_out,
       (SELECT a.reason FROM answers a
        WHERE a.uninstall_id = u.id AND a.reason IS NOT NULL AND a.received_at <= :as_of
        ORDER BY a.received_at DESC, a.id DESC LIMIT 1) AS reason,
       -- Heard of again within the month, and not because the uninstall had been none at all.
       COALESCE(u.withdrawn_at <= u.instant + :return_ms, FALSE) AS is_back
FROM (SELECT DISTINCT a.uninstall_id FROM answers a
      WHERE a.reason IN :reasons AND a.received_at <= :as_of) c
JOIN uninstalls u ON u.id = c.uninstall_id
JOIN kept i ON i.id = u.installation_id
JOIN showings w ON w.uninstall_id = u.id
WHERE w.survey = 'exit' AND w.survey_version IN :versions AND w.held_out IS NOT NULL
  AND w.opened_at <= :as_of
  AND u.only_updating_at IS NULL
  AND u.instant <= :as_of - :return_ms
