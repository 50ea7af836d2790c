"""Descriptions of rules in Finnish, Swedish and English."""
