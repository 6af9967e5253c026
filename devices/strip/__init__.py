"""Window LED strips on a caller line."""
