SELECT known_from,
       -- Whoever was asked after all could be.
       CASE WHEN asked THEN NULL ELSE not_asked END AS not_asked,
       asked,
       answered,
       reason,
       comment IS NOT NULL AS commented,
       instant > :as_of - :answer_ms AS may_still_answer,
       left_when,
       COALESCE(consent, '') = 'exit' AS known_by_leaving,
       COUNT(*) AS n
FROM classed
WHERE instant >= :start AND instant < :end AND id NOT IN :upgrades
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9
