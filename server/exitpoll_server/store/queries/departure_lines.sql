SELECT instant, tenure_ms, launches, version, locale, os, edition, known_from,
       CASE WHEN asked THEN NULL ELSE not_asked END AS not_asked,
       asked, reason, comment, score
FROM classed
WHERE instant >= :start AND instant < :end AND id NOT IN :upgrades
  AND (comment IS NOT NULL OR NOT :commented)
ORDER BY instant DESC, id DESC
LIMIT :most
