SELECT member_id,
       (SELECT count(*) FROM visits v WHERE v.member_id = p.member_id AND bought_at >= '2017-11-06') >= 2
       AND CASE WHEN closed THEN NULL
                ELSE NOT EXISTS (
                    FROM lines l WHERE l.member_id = p.member_id AND bought_at >= '2017-07-05'
                                   AND department IN ('SEAFOOD', 'SEAFOOD-PCKGD'))
           END AS holds
FROM people p
