-- What those who stay last said of how gladly they would recommend the product.
SELECT s.score, COUNT(*) AS n
FROM (SELECT f.score,
             ROW_NUMBER() OVER (PARTITION BY COALESCE(f.installation_uuid, f.uuid)
                                ORDER BY f.received_at DESC, f.id DESC) AS nth
      FROM feedback f
      WHERE f.product_id = :product AND f.survey = 'nps' AND f.score IS NOT NULL
        AND f.received_at <= :as_of) s
WHERE s.nth = 1
GROUP BY s.score
ORDER BY s.score
