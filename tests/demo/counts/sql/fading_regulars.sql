-- Nobody had been written to yet. Who never came has no latest visit, but neither ten visits: out.
SELECT member_id, coalesce(latest < '2017-12-11' AND often >= 10, false) AND birth_date IS NOT NULL AS holds
FROM people LEFT JOIN (
    SELECT member_id, max(bought_at) AS latest, count(*) FILTER (WHERE bought_at >= '2017-07-05') AS often
    FROM visits GROUP BY member_id
) USING (member_id)
