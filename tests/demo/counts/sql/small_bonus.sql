SELECT member_id, register = 'owners' AND bonus > 0 AND bonus < 2.5 AS holds FROM people
