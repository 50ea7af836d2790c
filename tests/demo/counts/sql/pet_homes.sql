SELECT member_id, CASE WHEN closed THEN NULL ELSE coalesce(baskets, 0) >= 3 END AS holds
FROM people LEFT JOIN (
    SELECT member_id, count(DISTINCT basket_id) AS baskets FROM lines
    WHERE product_category IN ('CAT FOOD', 'DOG FOODS', 'CAT LITTER') AND bought_at >= '2017-09-03' GROUP BY member_id
) USING (member_id)
