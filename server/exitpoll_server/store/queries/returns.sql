-- Uninstalls and the installations, first installed within :return_ms after them, of the same
-- customer and OS: which of them is whose return is decided one for one.
SELECT d.id AS uninstall_id, d.instant AS left_at,
       i.id AS installation_id,
       COALESCE(i.installed_instant, i.first_row_instant, i.first_received_at) AS returned_at
FROM departed d
JOIN installations i
  ON i.product_id = :product AND NOT i.test
 AND i.customer = d.customer AND i.os = d.os AND i.id <> d.installation_id
WHERE i.first_received_at <= :as_of
  AND COALESCE(i.installed_instant, i.first_row_instant, i.first_received_at) > d.instant
  AND COALESCE(i.installed_instant, i.first_row_instant, i.first_received_at)
      <= d.instant + :return_ms
  AND COALESCE(i.installed_instant, i.first_row_instant, i.first_received_at) <= :as_of
ORDER BY d.instant, d.id, returned_at, i.id
