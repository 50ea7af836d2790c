-- 18 completed years: born on 1 January 2000 or before.
SELECT member_id,
       language = 'sv' AND birth_date <= '2000-01-01'
       AND region IN ('Uusimaa', 'Varsinais-Suomi', 'Pohjanmaa', 'Keski-Pohjanmaa', 'Ahvenanmaa') AS holds
FROM people
