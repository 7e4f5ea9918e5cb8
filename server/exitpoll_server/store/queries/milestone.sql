-- The installations that had reached a milestone, and on which day.
SELECT m.installation_id, m.day
FROM milestones m
JOIN kept i ON i.id = m.installation_id
WHERE m.name = :name AND m.first_received_at <= :as_of
