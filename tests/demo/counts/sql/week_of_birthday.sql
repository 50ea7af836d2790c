SELECT member_id,
       month(birth_date) = 1 AND day(birth_date) <= 7 AND birth_date <= '2000-01-01'
       AND register IN ('owners', 'household') AS holds
FROM people
