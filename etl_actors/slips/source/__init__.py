"""What a slip is written in, and how what is wrong with it is told at its place."""
