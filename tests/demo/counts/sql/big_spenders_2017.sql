SELECT member_id, coalesce(spent > 2000 AND baskets >= 24, false) AS holds
FROM people LEFT JOIN (
    SELECT member_id, sum(amount) AS spent, count(*) AS baskets
    FROM visits WHERE year(bought_at) = 2017 GROUP BY member_id
) USING (member_id)
