-- 60 days before 1 January is 2 November. Who never came has no first visit, but no visit at all either: out.
SELECT member_id, coalesce(earliest >= '2017-11-02', false) AS holds
FROM people LEFT JOIN (SELECT member_id, min(bought_at) AS earliest FROM visits GROUP BY member_id) USING (member_id)
