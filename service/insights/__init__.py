"""What records say when they are laid side by side: timelines of lessons. Nobody's number, and no rank, ever."""
