-- What is known at :as_of of the installations in :ids, but for their days of use and uninstalls.
SELECT i.id,
       i.first_received_at AS heard,
       i.installed_instant AS installed,
       i.counted_since,
       i.censored_at AS censored,
       i.origin = 'new' AS is_new,
       i.installed_version,
       EXISTS (SELECT 1 FROM counters c WHERE c.installation_id = i.id) AS has_counter,
       EXISTS (SELECT 1 FROM counters c WHERE c.installation_id = i.id
               AND (c.clock_offset > 86400000 OR c.clock_offset < -86400000)) AS clock_wrong,
       COALESCE((SELECT MAX(c.last_received_at) FROM counters c
                 WHERE c.installation_id = i.id), 0) AS counted_at,
       COALESCE((SELECT MAX(u.first_received_at) FROM uninstalls u
                 WHERE u.installation_id = i.id), 0) AS left_at,
       COALESCE((SELECT MAX(u.withdrawn_at) FROM uninstalls u
                 WHERE u.installation_id = i.id), 0) AS withdrawn_at,
       COALESCE((SELECT MAX(r.first_received_at) FROM receipts r
                 JOIN uninstalls u ON u.id = r.uninstall_id
                 WHERE u.installation_id = i.id), 0) AS told_at,
       COALESCE((SELECT MAX(w.opened_at) FROM showings w
                 JOIN uninstalls u ON u.id = w.uninstall_id
                 WHERE u.installation_id = i.id), 0) AS opened_at,
       COALESCE((SELECT MAX(a.received_at) FROM answers a
                 WHERE a.installation_id = i.id), 0) AS answered_at,
       i.version, i.channel, i.edition, i.source, i.os, i.locale, i.attributes
FROM installations i
WHERE i.id IN :ids
ORDER BY i.id
