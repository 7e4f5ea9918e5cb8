-- What the people were shown who left the installations in :ids, of pages that had opened by :as_of.
SELECT w.uninstall_id, w.survey_version, w.reasons
FROM showings w
JOIN uninstalls u ON u.id = w.uninstall_id
WHERE u.installation_id IN :ids AND w.survey = 'exit' AND w.opened_at <= :as_of
ORDER BY w.opened_at, w.id
