-- The rows of launches of the installations in :ids that were known at :as_of.
SELECT l.installation_id, l.day, l.version_id, l.launches, l.first_received_at
FROM launches l
WHERE l.installation_id IN :ids AND l.dated = 1 AND l.first_received_at <= :as_of
ORDER BY l.installation_id, l.day
