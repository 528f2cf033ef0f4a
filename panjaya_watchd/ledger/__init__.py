"""What we owe and are owed, on disk."""
