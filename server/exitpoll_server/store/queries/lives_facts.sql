-- What was stated of the installations in :ids and known at :as_of, in the order in which it came.
SELECT h.installation_id, h.counter_id, h.seq,
       h.version, h.channel, h.edition, h.source, h.os, h.locale, h.attributes
FROM history h
WHERE h.installation_id IN :ids AND h.received_at <= :as_of
ORDER BY h.received_at, h.id
