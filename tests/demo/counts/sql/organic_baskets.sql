SELECT member_id, CASE WHEN closed THEN NULL ELSE coalesce(kinds, 0) >= 5 END AS holds
FROM people LEFT JOIN (
    SELECT member_id, count(DISTINCT product_id) AS kinds
    FROM lines WHERE product_type LIKE '%ORGANIC%' AND bought_at >= '2017-07-05' GROUP BY member_id
) USING (member_id)
