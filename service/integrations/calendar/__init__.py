"""The calendar: one secret link for each person, and the feed behind it."""
