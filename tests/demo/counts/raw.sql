-- The import files of the demonstration, read by themselves: nothing here comes from the program that is tested.
-- All times stay as they are in the files: the clock on the wall in Helsinki. As of: 10 o'clock on 1 January 2018.

CREATE VIEW raw_members AS
SELECT member_id, register, birth_date::DATE AS birth_date, language, region, postal_code,
       household_size::INTEGER AS household_size, bonus_last_month::DECIMAL(12, 2) AS bonus
FROM read_csv('$folder/members.csv', all_varchar = true);

-- What a member said last about each choice is what holds.
CREATE VIEW said AS
SELECT member_id, choice, arg_max(state, "at"::TIMESTAMP) = 'on' AS holds
FROM read_csv('$folder/choices.csv', all_varchar = true)
GROUP BY member_id, choice;

-- Everybody whom marketing may look at, with what they allow to be looked at.
CREATE TABLE people AS
SELECT m.*,
       EXISTS (FROM said s WHERE s.member_id = m.member_id AND choice = 'no_purchase_detail' AND holds) AS closed,
       EXISTS (FROM said s WHERE s.member_id = m.member_id AND choice = 'tracking' AND holds) AS tracked
FROM raw_members m
WHERE NOT EXISTS (
    FROM said s
    WHERE s.member_id = m.member_id AND choice IN ('no_marketing', 'restricted', 'deceased') AND holds
);

-- Receipts keep the amount of everything that was bought.
CREATE TABLE visits AS
SELECT basket_id, any_value(member_id) AS member_id, any_value(purchased_at) AS bought_at, sum(amount) AS amount
FROM '$folder/purchases.parquet'
WHERE purchased_at < '2018-01-01 10:00'
GROUP BY basket_id;

-- Lines of goods that nobody may look at are not there at all; `special` lists them by column and value.
CREATE TABLE lines AS
SELECT l.member_id, l.basket_id, l.product_id, l.purchased_at AS bought_at, l.quantity, l.amount,
       p.department, p.brand, p.product_category, p.product_type
FROM '$folder/purchases.parquet' l
LEFT JOIN '$folder/products.parquet' p ON p.product_id = l.product_id
WHERE purchased_at < '2018-01-01 10:00'
  AND NOT EXISTS (FROM special WHERE col = 'product_category' AND upper(val) = upper(p.product_category))
  AND NOT EXISTS (FROM special WHERE col = 'product_type' AND upper(val) = upper(p.product_type));
