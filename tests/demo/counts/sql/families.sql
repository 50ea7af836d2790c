WITH prams AS (
    SELECT member_id, count(DISTINCT basket_id) AS baskets FROM lines
    WHERE product_category IN ('BABY FOODS', 'DIAPERS & DISPOSABLES', 'INFANT CARE PRODUCTS') AND bought_at >= '2017-10-03'
    GROUP BY member_id
)
-- Between 20 and 60 completed years on 1 January 2018: born from 2 January 1957 to 1 January 1998.
SELECT member_id,
       birth_date BETWEEN '1957-01-02' AND '1998-01-01'
       AND (household_size >= 3 OR CASE WHEN closed THEN NULL ELSE coalesce(baskets, 0) >= 2 END) AS holds
FROM people LEFT JOIN prams USING (member_id)
