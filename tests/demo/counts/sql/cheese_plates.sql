WITH food AS (
    SELECT member_id,
           sum(amount) FILTER (WHERE product_category IN ('CHEESE', 'CHEESES')) AS cheese,
           sum(amount) FILTER (WHERE department IN ('GROCERY', 'DELI', 'PRODUCE', 'MEAT', 'MEAT-PCKGD')) AS whole
    FROM lines WHERE bought_at >= '2017-09-03' GROUP BY member_id
)
-- Who bought no cheese is out by that alone, whatever the share would be.
SELECT member_id,
       CASE WHEN closed THEN NULL
            WHEN cheese IS NULL OR cheese < 10 THEN false
            WHEN whole > 0 THEN cheese / whole > 0.05
       END AS holds
FROM people LEFT JOIN food USING (member_id)
