SELECT member_id, postal_code LIKE '00%' AND register IN ('owners', 'household') AND household_size <> 1 AS holds
FROM people
