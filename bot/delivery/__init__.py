"""What leaves by itself: parcels to rooms and people, and deletions when it is time."""
