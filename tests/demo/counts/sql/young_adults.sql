SELECT member_id, year(birth_date) BETWEEN 1990 AND 1999 AND region <> 'Ahvenanmaa' AS holds FROM people
