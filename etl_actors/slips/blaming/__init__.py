"""What a refusal is told as."""
