WITH half_year AS (
    SELECT member_id,
           count(DISTINCT basket_id) FILTER (WHERE brand = 'Private') AS baskets,
           coalesce(sum(amount) FILTER (WHERE brand = 'Private'), 0) AS own,
           sum(amount) AS whole
    FROM lines WHERE bought_at >= '2017-07-05' GROUP BY member_id
)
SELECT member_id,
       CASE WHEN closed THEN NULL
            WHEN coalesce(baskets, 0) < 6 THEN false
            WHEN whole > 0 THEN own / whole >= 0.35
       END AS holds
FROM people LEFT JOIN half_year USING (member_id)
