"""Coupons at the tills: the file that the tills get, and the redemptions that they report."""
