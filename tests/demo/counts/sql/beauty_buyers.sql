WITH beauty AS (
    SELECT member_id, sum(amount) AS spent FROM lines
    WHERE department IN ('COSMETICS', 'DRUG GM') AND bought_at >= '2017-10-03' GROUP BY member_id
), perfume AS (
    SELECT DISTINCT member_id FROM lines WHERE product_category = 'FRAGRANCES' AND bought_at >= '2017-12-02'
)
SELECT p.member_id,
       CASE WHEN closed THEN NULL
            ELSE coalesce(spent >= 20, false) AND p.member_id NOT IN (SELECT member_id FROM perfume)
       END AS holds
FROM people p LEFT JOIN beauty USING (member_id)
