"""Codes of coupons: made from a delivery with the key of a pool, and read back."""
