"""Demonstration data: the Complete Journey purchases turned into a workspace with invented members."""
