"""Service desk: look-ups and changes that an agent makes for a member."""
