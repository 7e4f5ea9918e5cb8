-- What was drawn by lot for those who left the installations in :ids, and what came of it by :as_of.
SELECT u.installation_id, w.survey_version, w.held_out,
       COALESCE(w.offered_at <= :as_of, FALSE) AS is_seen,
       COALESCE(w.offer_taken_at <= :as_of, FALSE) AS is_taken
FROM showings w
JOIN uninstalls u ON u.id = w.uninstall_id
WHERE u.installation_id IN :ids AND w.survey = 'exit' AND w.opened_at <= :as_of
ORDER BY w.opened_at, w.id
