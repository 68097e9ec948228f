"""People and programs that can sign in, what they belong to, and the record of what they did."""
