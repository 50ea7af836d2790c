SELECT member_id,
       CASE WHEN closed THEN NULL
            WHEN latest IS NULL THEN false
            ELSE latest < '2017-12-11' AND packs BETWEEN 2 AND 6
       END AS holds
FROM people LEFT JOIN (
    SELECT member_id, max(bought_at) AS latest, sum(quantity) AS packs
    FROM lines WHERE product_category = 'COFFEE' AND bought_at >= '2017-10-03' GROUP BY member_id
) USING (member_id)
