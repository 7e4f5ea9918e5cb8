-- How many were let go since their time was up, at any time: nobody knows when.
SELECT COALESCE(SUM(e.installations), 0) AS installations,
       COALESCE(SUM(e.uninstalls), 0) AS uninstalled,
       COALESCE(SUM(e.answered), 0) AS answered
FROM expired e
WHERE e.product_id = :product
