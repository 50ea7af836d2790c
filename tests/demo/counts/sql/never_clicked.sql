-- No click and no message is on record in the demonstration's files.
SELECT member_id,
       CASE WHEN tracked THEN true END
       AND EXISTS (FROM visits v WHERE v.member_id = p.member_id AND bought_at >= '2017-12-04') AS holds
FROM people p
