-- 56 days before 1 January is 6 November.
SELECT member_id, (SELECT count(*) FROM visits v WHERE v.member_id = p.member_id AND bought_at >= '2017-11-06') >= 2 AS holds
FROM people p
