-- Nobody without a visit is unknown: they lack the three visits.
SELECT member_id, coalesce(spent / baskets > 60 AND baskets BETWEEN 3 AND 20, false) AS holds
FROM people LEFT JOIN (
    SELECT member_id, sum(amount) AS spent, count(*) AS baskets
    FROM visits WHERE bought_at >= '2017-10-03' GROUP BY member_id
) USING (member_id)
