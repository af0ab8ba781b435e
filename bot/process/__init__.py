"""What any process of ours needs first: its clock, its logs, its memory."""
