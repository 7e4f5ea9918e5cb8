-- What was drawn by lot for those who left the installations in :ids, and what came of it.
SELECT u.installation_id, w.held_out, w.offered_at, w.offer_taken_at,
       (SELECT MAX(a.reason) FROM answers a WHERE a.uninstall_id = w.uninstall_id) AS reason
FROM showings w
JOIN uninstalls u ON u.id = w.uninstall_id
WHERE u.installation_id IN :ids AND w.survey = 'exit' AND w.opened_at <= :as_of
ORDER BY w.opened_at, w.id
