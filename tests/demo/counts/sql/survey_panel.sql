-- A tenth of all MD5 texts begins with less than 0.1 * 16^8, which is 19999999 and a bit.
SELECT member_id,
       left(md5('survey_panel:' || member_id), 8) < '19999999' AND household_size IS NULL
       AND NOT birth_date BETWEEN '2018-01-01' AND '2019-01-01' AS holds
FROM people
