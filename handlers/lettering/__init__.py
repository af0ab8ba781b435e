"""Text as it is drawn, on paper and in pictures: which font has a letter, what follows what, where lines end."""
