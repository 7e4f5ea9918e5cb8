-- Who, a month ago or earlier, chose a reason on a page that drew by lot whether to show an offer.
SELECT u.id,
       u.installation_id,
       w.survey_version,
       w.held_out,
       (SELECT a.reason FROM answers a
        WHERE a.uninstall_id = u.id AND a.reason IS NOT NULL AND a.received_at <= :as_of
        ORDER BY a.received_at DESC, a.id DESC LIMIT 1) AS reason,
       -- Heard of again within the month, and not because the uninstall had been none at all.
       COALESCE(u.withdrawn_at <= u.instant + :return_ms, FALSE) AS is_back
FROM showings w
JOIN uninstalls u ON u.id = w.uninstall_id
JOIN kept i ON i.id = u.installation_id
WHERE w.survey = 'exit' AND w.held_out IS NOT NULL AND w.opened_at <= :as_of
  AND u.only_updating_at IS NULL
  AND u.instant <= :as_of - :return_ms
  AND EXISTS (SELECT 1 FROM answers a
              WHERE a.uninstall_id = u.id AND a.reason IS NOT NULL AND a.received_at <= :as_of)
