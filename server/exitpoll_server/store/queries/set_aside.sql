-- Installations that were heard of by :as_of and that the vendor has left out.
SELECT (SELECT COUNT(*) FROM installations
        WHERE product_id = :product AND NOT test AND first_received_at <= :as_of)
     - (SELECT COUNT(*) FROM kept WHERE first_received_at <= :as_of) AS n
