"""Offers: price feed and the selection for each member."""
