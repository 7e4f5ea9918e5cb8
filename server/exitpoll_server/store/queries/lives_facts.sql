-- What was known last of the installations in :ids at :as_of, of those whose facts changed.
SELECT h.installation_id, h.version, h.channel, h.edition, h.source, h.os, h.locale, h.attributes
FROM history h
WHERE h.installation_id IN :ids AND h.received_at <= :as_of
ORDER BY h.received_at, h.id
